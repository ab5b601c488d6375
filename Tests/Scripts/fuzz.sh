#!/usr/bin/env bash
# Fuzzes the health server with libFuzzer: a client's bytes, and sections of the state.
# fuzz.sh runs N | fuzz.sh seconds N: each of the two targets gets at least N inputs, or N seconds, both at the same time.
# Exit 77 if there is no libFuzzer for this toolchain: then the tests' seeded generator runs that many inputs instead.
# What was found worth keeping stays in .build-fuzz/corpus, an input that broke something in .build-fuzz/found.
set -euo pipefail
cd "$(dirname "$0")/../.."
swift=${SWIFT:-swift}
usage() {
    sed -n '3s/^# //p' "$0" >&2
    exit 64
}
[ $# = 2 ] && [[ $2 =~ ^[0-9]+$ ]] || usage
case $1 in
    runs) limit=(-runs="$2") ;;
    seconds) limit=(-max_total_time="$2" -seed=1) ;;
    *) usage ;;
esac

scratch=$PWD/.build-fuzz
mkdir -p "$scratch/corpus" "$scratch/found"
runtime=$(dirname "$("$swift" -print-target-info | sed -n 's/.*"runtimeResourcePath" *: *"\(.*\)".*/\1/p')")/swift
if ! find -L "$runtime" -name 'libclang_rt.fuzzer*' 2>/dev/null | grep -q .; then
    echo "libFuzzer is not part of this toolchain ($runtime)" >&2
    [ "$1" = runs ] || exit 77
    "$swift" build --build-tests
    PMM_FUZZ_INPUTS=$2 Tests/Scripts/test.sh --filter 'HealthServerTests\.FuzzTests'
    exit 77
fi
# gold cannot link it (internal error, binutils 2.40); lld comes with the toolchain.
PMM_FUZZ=1 "$swift" build -c release --scratch-path "$scratch" --product health-fuzz \
    -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld -Xcc -fsanitize=fuzzer-no-link
program=$scratch/release/health-fuzz

# One target: seeds, then the run; its last words on standard output.
fuzz() {
    local target=$1 length=$2
    local corpus=$scratch/corpus/$target log=$scratch/$target.log code=0
    mkdir -p "$corpus"
    (cd "$corpus" && "$program" seeds "$target")
    SWIFT_BACKTRACE=enable=no "$program" "$target" "${limit[@]}" -max_len="$length" -timeout=10 -rss_limit_mb=1024 \
        -dict="Tests/Fuzz/$target.dict" -artifact_prefix="$scratch/found/$target-" -print_final_stats=1 \
        "$corpus" >"$log" 2>&1 || code=$?
    if [ $code != 0 ]; then
        tail -40 "$log"
        echo "FAIL $target: the input is in $scratch/found"
        return 1
    fi
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs," \
        "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log") a second," \
        "$(sed -n 's/^stat::peak_rss_mb: *//p' "$log") MB at most, $(ls "$corpus" | wc -l) kept; no violation"
}

fuzz request 8192 &
request=$!
code=0
fuzz state 16384 || code=1
wait $request || code=1
exit $code
