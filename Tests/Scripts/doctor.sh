#!/usr/bin/env bash
# `manager doctor` on six broken set-ups and one good one, as a person would meet them.
# doctor.sh DIRECTORY-OF-PROGRAMS. Uses free ports and a temporary directory only; everything it starts, it stops.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$(realpath "$1")
work=$(mktemp -d)
pids=()

finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

# start NAME PROGRAM ARGUMENT…: a server that says `listening on URL`; sets `url`.
start() {
    local log=$work/$1.log program=$2
    shift 2
    "$programs/$program" --port 0 --quiet "$@" >"$log" 2>&1 &
    pids+=($!)
    for _ in $(seq 200); do
        url=$(sed -n 's/^listening on //p' "$log" | head -n 1)
        [ -n "$url" ] && return
        sleep 0.05
    done
    echo "FAIL $program does not listen" >&2
    exit 1
}

# doctor TITLE CODE ID [NAME=VALUE…]: runs it, and expects this exit code and a line that says `fail` or `warn` of ID.
count=0
doctor() {
    local title=$1 expected=$2 id=$3 code=0
    shift 3
    count=$((count + 1))
    printf '\n=== %s. %s\n' "$count" "$title"
    env -i PATH="$PATH" HEALTH_PORT=0 STATE_DIR="$work/state" CONFIGMAP_PATH="$PWD/deploy/examples/contracts" \
        GIT_COMMIT=demo "$@" "$programs/manager" doctor >"$work/out" || code=$?
    # The state of one's own machine is none of the demo's business.
    sed '/^Health port/,$d' "$work/out"
    tail -n 1 "$work/out"
    echo "exit code $code"
    if [ "$code" != "$expected" ]; then echo "FAIL expected exit code $expected" >&2 && exit 1; fi
    if [ -n "$id" ] && ! grep -Eq "^  (fail|warn)  $id " "$work/out"; then
        echo "FAIL no line about $id" >&2
        exit 1
    fi
}

start broker local-broker --username pact --password s3cret --read-only-username reader --read-only-password readonly
broker=$url
good=(BROKER_URL="$broker" BROKER_USERNAME=pact BROKER_PASSWORD=s3cret)
start gone local-broker
gone=$url
kill "${pids[-1]}"
wait "${pids[-1]}" || true
start kubernetes local-kubernetes --admin-token administrator
kubernetes=$url
mkdir "$work/bad"
printf '{\n  "consumer": {"name": "web"},\n  "provider": {"name": "orders"}\n  "interactions": []\n}\n' >"$work/bad/orders.json"
echo opaque >"$work/token"

doctor "The broker is not there" 1 broker.tcp BROKER_URL="$gone"
doctor "The broker runs in this very pod, and BROKER_URL leads through the pod's own Service, which waits for the pod" 1 \
    broker.own_service BROKER_URL="http://pact-broker:${broker##*:}" KUBERNETES_SERVICE_HOST=127.0.0.1 CONTRACT_SOURCE=directory
doctor "Read-only credentials" 1 broker.write BROKER_URL="$broker" BROKER_USERNAME=reader BROKER_PASSWORD=readonly
doctor "A misspelt setting, one that does not count, and one that is wrong" 1 settings.values "${good[@]}" BROKER_PASWORD=x \
    BROKER_PORT=9292 READINESS_MODE=always
doctor "The mount holds a file that is no contract" 1 source.contracts "${good[@]}" CONFIGMAP_PATH="$work/bad"
doctor "The Kubernetes API does not know our token, and nothing is mounted" 1 source.api "${good[@]}" NAMESPACE=pact \
    KUBERNETES_API_URL="$kubernetes" KUBERNETES_TOKEN_FILE="$work/token" CONFIGMAP_PATH="$work/none"
doctor "All is well" 0 "" "${good[@]}"
