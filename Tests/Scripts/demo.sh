#!/usr/bin/env bash
# The main job on the example contracts, seen from outside: embedded local broker, manager, probes, an edit, a clean stop.
# demo.sh DIRECTORY-OF-PROGRAMS. Uses free ports and a temporary directory only; everything it starts, it stops.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$1
work=$(mktemp -d)
broker_pid=
manager_pid=

finish() {
    for pid in $manager_pid $broker_pid; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# get URL: "STATUS body". Plain bash, because a fresh machine may have neither curl nor python.
get() {
    local url=${1#http://} answer head
    answer=$(
        exec 2>/dev/null 3<>"/dev/tcp/${url%%:*}/$(port=${url#*:}; echo "${port%%/*}")" || exit 0
        printf 'GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n' "${url#*/}" "${url%%/*}" >&3
        timeout 2 cat <&3
    ) || true
    head=${answer%%$'\r\n\r\n'*}
    head=${head%%$'\r\n'*}
    if [ -z "$head" ]; then echo 000; else echo "$(cut -d' ' -f2 <<<"$head") ${answer#*$'\r\n\r\n'}"; fi
}

# await SECONDS WHAT COMMAND…: until the command succeeds.
await() {
    local limit=$1 what=$2 start=$SECONDS
    shift 2
    until "$@"; do
        if [ $((SECONDS - start)) -ge "$limit" ]; then
            echo "FAIL after $limit s: $what" >&2
            tail -n 30 "$work"/*.log >&2
            exit 1
        fi
        sleep 0.05
    done
}

answers() { [[ "$(get "$1")" == "$2"* ]]; }
holds() { [[ "$(get "$1")" == *"$2"* ]]; }

say "1. A local broker, and the manager beside it, watching a directory as the kubelet would mount a ConfigMap"
"$programs/local-broker" --port 0 --username pact --password pact >"$work/broker.log" 2>&1 &
broker_pid=$!
await 10 "local-broker listens" grep -q '^listening on ' "$work/broker.log"
broker=$(sed -n 's/^listening on //p' "$work/broker.log" | head -n 1)

# The kubelet's layout: files in a timestamped directory, `..data` points to it.
mount=$work/pact-contracts
first=..$(date -u +%Y_%m_%d_%H_%M_%S).1
mkdir -p "$mount/$first"
cp deploy/examples/contracts/*.json "$mount/$first/"
ln -s "$first" "$mount/..data"
for file in "$mount/$first"/*.json; do ln -s "..data/$(basename "$file")" "$mount/"; done

BROKER_URL=$broker CONFIGMAP_PATH=$mount HEALTH_PORT=0 STATE_DIR=$work/state \
    GIT_BRANCH=demo GIT_COMMIT=abc1234 "$programs/manager" >"$work/manager.log" 2>&1 &
manager_pid=$!
await 10 "the manager says its port" grep -q 'health.port=' "$work/manager.log"
manager=http://127.0.0.1:$(sed -n 's/.*health\.port=\([0-9]*\).*/\1/p' "$work/manager.log" | head -n 1)
echo "broker  $broker"
echo "manager $manager"

say "2. Ready when, and only when, the contracts are proven to be in the broker"
await 20 "/readiness is 200" answers "$manager/readiness" 200
echo "GET /liveness  → $(get "$manager/liveness")"
echo "GET /readiness → $(get "$manager/readiness")"
for provider in GCP-Secret-Manager AWS-Secrets-Manager Azure-Key-Vault; do
    answers "$manager/providers/$provider/ready" 200
    echo "GET /providers/$provider/ready → $(get "$manager/providers/$provider/ready")"
done

say "3. Somebody edits one contract: the kubelet swaps ..data, and the edit is published under its own version"
second=..$(date -u +%Y_%m_%d_%H_%M_%S).2
mkdir "$mount/$second"
cp "$mount/$first"/*.json "$mount/$second/"
sed -i '0,/"description": "/s//"description": "(edited) /' "$mount/$second/gcp-secret-manager.json"
ln -s "$second" "$mount/..data_tmp"
before=$(get "$manager/providers/GCP-Secret-Manager/ready")
mv -T "$mount/..data_tmp" "$mount/..data"
rm -r "${mount:?}/$first"
digest=$(sha256sum "$mount/$second/gcp-secret-manager.json" | cut -d' ' -f1)
await 20 "the edited contract is published" holds "$manager/providers/GCP-Secret-Manager/ready" "\"state\":\"published\",\"contracts\":[{\"consumer\":\"Secret-Manager-Controller\""
await 20 "the edited contract is verified" holds "$manager/providers/GCP-Secret-Manager/ready" "$digest"
await 20 "the edit is settled" holds "$manager/providers/GCP-Secret-Manager/ready" '"state":"published"'
echo "before → $before"
echo "after  → $(get "$manager/providers/GCP-Secret-Manager/ready")"

say "4. A clean stop"
kill -TERM "$manager_pid"
code=0
wait "$manager_pid" || code=$?
manager_pid=
[ "$code" = 0 ] || { echo "FAIL the manager left with $code" >&2; exit 1; }
kill -TERM "$broker_pid"
wait "$broker_pid" || true
broker_pid=
echo "manager exit code 0; its log:"
sed 's/^/    /' "$work/manager.log"
say "The demo is done."
