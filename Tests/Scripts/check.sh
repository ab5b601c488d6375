#!/usr/bin/env bash
# Everything that must hold before a change is accepted. Each step says what it does; the first failure ends the run,
# except that the test runner's summary always comes last.
set -euo pipefail
cd "$(dirname "$0")/../.."
swift=${SWIFT:-swift}
# Package.swift turns every warning in our own sources into an error.
export WARNINGS_AS_ERRORS=1
# The same histories in each run: `make chaos` and `make fuzz` are there for others.
export PMM_CHAOS_SEED=${PMM_CHAOS_SEED:-1}

skipped=()
step() {
    current=$*
    printf '\n== %s\n' "$current"
}

# Said again before the tests: a step that is skipped everywhere is no step.
skip() {
    echo "skipped for the reason above${1:+; $1}"
    skipped+=("$current")
}

# For what needs more than this checkout: 77 means that it cannot be had here, and why was said.
optional() {
    local code=0
    "$@" || code=$?
    [ "$code" -ne 77 ] || { skip; return 0; }
    [ "$code" -eq 0 ] || exit "$code"
}

# Runs the tests. These are a thousand with real processes and deadlines on a machine that nobody knows: one that fails
# runs once more, alone. If it passes then, this says so and goes on; what is wrong fails twice. More than three are no
# accident.
run_tests() {
    local events=.build/test-events.jsonl code=0 patterns pattern ran filters=()
    rm -f "$events"
    Tests/Scripts/test.sh --event-stream-output-path "$events" "$@" || code=$?
    [ "$code" -ne 0 ] || return 0
    step "what failed, once more and alone"
    patterns=$(python3 -B Tests/Scripts/failed.py "$events") || exit "$code"
    while read -r pattern; do
        echo "unstable, unless it fails again: $pattern"
        filters+=(--filter "$pattern")
    done <<<"$patterns"
    Tests/Scripts/test.sh --no-parallel "${filters[@]}" | tee .build/test-again.log
    # A pattern that fits no test would pass.
    ran=$(sed -n 's/^✔ Test run with \([0-9]*\) tests\{0,1\} .*/\1/p' .build/test-again.log)
    [ $((2 * ${ran:-0})) -ge "${#filters[@]}" ] || { echo "ran ${ran:-no} tests of $patterns"; exit "$code"; }
}

step "system packages"
Tests/Scripts/install-libcurl.sh
Tests/Scripts/install-tls-tools.sh

step "format"
"$swift" format lint --strict -r --parallel Package.swift Sources Tests
echo "clean"
if command -v python3 >/dev/null; then
    python3 -B Tests/Scripts/lengths.py
else
    echo "python3 is not installed: lengths are not looked at"
fi

step "documentation"
optional Tests/Scripts/documentation.sh

step "release build"
for product in manager watcher publisher health-server wait-for-contract local-broker local-kubernetes; do
    "$swift" build -c release --product "$product"
done
# A test steps through a commit instruction by instruction, in an optimised build.
"$swift" build -c release --product StateExerciser
release=$("$swift" build -c release --show-bin-path)

step "linkage"
Tests/Scripts/linkage.sh "$release"

step "debug build"
"$swift" build --build-tests

step "demo"
Tests/Scripts/demo.sh "$release"

step "manager doctor on broken set-ups"
Tests/Scripts/doctor.sh "$release"

step "the static gate in an empty root"
make --no-print-directory gate
optional Tests/Scripts/gate.sh "$release" .build-gate/wait-for-contract

step "state file under the thread sanitizer"
"$swift" build --sanitize=thread --scratch-path .build-tsan --product state-race
.build-tsan/debug/state-race 10

step "fuzzing, a minute"
code=0
Tests/Scripts/fuzz.sh seconds 60 || code=$?
case $code in
    0) ;;
    77) skip "the tests use a generator of their own" ;;
    *) exit "$code" ;;
esac

step "Kubernetes manifests, values for the broker's chart"
optional Tests/Scripts/manifests.sh "$release"

step "unit under systemd"
optional Tests/Scripts/systemd.sh "$release"

step "image: its root file system, and the manager in it"
optional Tests/Scripts/rootfs.sh "$release"

step "compose and Tilt"
optional Tests/Scripts/deploy.sh "$release"

step "instructions of the hot paths"
command -v valgrind >/dev/null || Tests/Benchmarks/install-peers.sh valgrind
optional python3 -B Tests/Benchmarks/instructions.py "$release"

step "peers: the real pact tools"
code=0
PACT_CLI=$(Tests/Scripts/peers.sh) || code=$?
case $code in
    0) export PACT_CLI && echo "$PACT_CLI" ;;
    77) skip && unset PACT_CLI ;;
    *) exit "$code" ;;
esac

step "status page in a real browser"
optional Tests/Scripts/browser.sh "$release"

step "metrics under the real Prometheus"
optional Tests/Scripts/prometheus.sh "$release"

step "hostile clients under a kubelet's probes"
PMM_ATTACK_SECONDS=2 PMM_PRODUCTS_DIRECTORY=$release run_tests --no-parallel --filter HostileClientTests

step "tests"
for each in "${skipped[@]}"; do echo "SKIPPED: $each"; done
PMM_PRODUCTS_DIRECTORY=$release run_tests
