#!/usr/bin/env bash
# The main job on the example contracts, seen from outside: a manager without a broker, a mock server that waits, the
# broker that comes, an edit, a broker that goes and comes back empty, a clean stop.
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

# Bold on a terminal only.
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail() {
    echo "FAIL $*" >&2
    tail -n 30 "$work"/*.log >&2
    exit 1
}

# get URL [SECONDS]: "STATUS body". Plain bash, because a fresh machine may have neither curl nor python.
get() {
    local url=${1#http://} answer head
    answer=$(
        exec 2>/dev/null 3<>"/dev/tcp/${url%%:*}/$(port=${url#*:}; echo "${port%%/*}")" || exit 0
        printf 'GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n' "${url#*/}" "${url%%/*}" >&3
        timeout "${2:-2}" cat <&3
    ) || true
    head=${answer%%$'\r\n\r\n'*}
    head=${head%%$'\r\n'*}
    if [ -z "$head" ]; then echo 000; else echo "$(cut -d' ' -f2 <<<"$head") ${answer#*$'\r\n\r\n'}"; fi
}

# field NAME: its value in a JSON answer on standard input, the first one that has it.
field() { sed -n "s/^[^{]*{/{/; s/.*[{,]\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }

# show PATH [FIELD…]: the status of an answer and some of what it says.
show() {
    local path=$1 answer line name
    shift
    answer=$(get "$manager$path")
    line="GET $path → ${answer%% *}"
    for name in "$@"; do line+="  $name: $(field "$name" <<<"$answer")"; done
    echo "$line"
}

# await SECONDS WHAT COMMAND…: until the command succeeds.
await() {
    local limit=$1 what=$2 start=$SECONDS
    shift 2
    until "$@"; do
        if [ $((SECONDS - start)) -ge "$limit" ]; then fail "after $limit s: $what"; fi
        sleep 0.05
    done
}

answers() { [[ "$(get "$1")" == "$2"* ]]; }
holds() { [[ "$(get "$1")" == *"$2"* ]]; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# start_broker PORT: with nothing in it, for it keeps contracts in memory only.
start_broker() {
    : >"$work/broker.log"
    "$programs/local-broker" --port "$1" --username pact --password pact >"$work/broker.log" 2>&1 &
    broker_pid=$!
    await 10 "local-broker listens" grep -q '^listening on ' "$work/broker.log"
}
stop_broker() {
    kill -TERM "$broker_pid"
    wait "$broker_pid" || true
    broker_pid=
}

say "1. The manager, before there is a broker: alive, and honestly not ready"
# A port that is free now, for the broker to come.
start_broker 0
broker=$(sed -n 's/^listening on //p' "$work/broker.log" | head -n 1)
stop_broker

# The kubelet's layout of a ConfigMap: files in a timestamped directory, `..data` points to it.
mount=$work/pact-contracts
first=..$(date -u +%Y_%m_%d_%H_%M_%S).1
mkdir -p "$mount/$first"
cp deploy/examples/contracts/*.json "$mount/$first/"
ln -s "$first" "$mount/..data"
for file in "$mount/$first"/*.json; do ln -s "..data/$(basename "$file")" "$mount/"; done

BROKER_URL=$broker CONFIGMAP_PATH=$mount HEALTH_PORT=0 STATE_DIR=$work/state CHECK_INTERVAL_SECS=1 \
    GIT_BRANCH=demo GIT_COMMIT=abc1234 "$programs/manager" >"$work/manager.log" 2>&1 &
manager_pid=$!
await 10 "the manager says its port" grep -q 'health.port=' "$work/manager.log"
manager=http://127.0.0.1:$(sed -n 's/.*health\.port=\([0-9]*\).*/\1/p' "$work/manager.log" | head -n 1)
gcp=/providers/GCP-Secret-Manager/ready
echo "broker  $broker (nobody there yet)"
echo "manager $manager"
await 10 "/readiness says that the broker is not there" holds "$manager/readiness" broker_refused
show /liveness status
show /readiness reason
show "$gcp" reason

say "2. A mock server waits; the broker comes; the answer comes the moment its contract is proven to be there"
get "$manager$gcp?wait=60s" 60 >"$work/waited" &
waiter=$!
await 10 "the mock server waits" holds "$manager/status" '"waiters":1'
begin=$(milliseconds)
start_broker "${broker##*:}"
echo "the broker is up after $(($(milliseconds) - begin)) ms"
wait "$waiter" || true
echo "GET $gcp?wait=60s → $(cut -d' ' -f1 "$work/waited") after $(($(milliseconds) - begin)) ms"
[ "$(cut -d' ' -f1 "$work/waited")" = 200 ] || fail "the waiting mock server was not let through"
await 20 "/readiness is 200" answers "$manager/readiness" 200
show /readiness status contracts published
for provider in GCP-Secret-Manager AWS-Secrets-Manager Azure-Key-Vault; do
    answers "$manager/providers/$provider/ready" 200 || fail "$provider is not ready"
    show "/providers/$provider/ready" state version
done

say "3. Somebody edits one contract: the kubelet swaps ..data, and the edit is published under its own version"
show "$gcp" version sha256
second=..$(date -u +%Y_%m_%d_%H_%M_%S).2
mkdir "$mount/$second"
cp "$mount/$first"/*.json "$mount/$second/"
sed -i '0,/"description": "/s//"description": "(edited) /' "$mount/$second/gcp-secret-manager.json"
ln -s "$second" "$mount/..data_tmp"
digest=$(sha256sum "$mount/$second/gcp-secret-manager.json" | cut -d' ' -f1)
begin=$(milliseconds)
mv -T "$mount/..data_tmp" "$mount/..data"
rm -r "${mount:?}/$first"
# Held until this very content is in the broker.
edited=$(get "$manager$gcp?wait=20s&revision=$digest" 25)
echo "GET $gcp?wait=20s&revision=$(cut -c1-7 <<<"$digest")… → ${edited%% *} after $(($(milliseconds) - begin)) ms"
[ "${edited%% *}" = 200 ] || fail "the edit did not arrive"
show "$gcp" version sha256
[ "$(field sha256 <<<"$edited")" = "$digest" ] || fail "another content is in the broker"

say "4. The broker dies and comes back empty: not ready meanwhile, and nobody has to publish again"
stop_broker
await 20 "/readiness is 503" answers "$manager/readiness" 503
show /liveness status
show /readiness reason
begin=$(milliseconds)
start_broker "${broker##*:}"
await 30 "/readiness is 200 again" answers "$manager/readiness" 200
echo "healed $(($(milliseconds) - begin)) ms after the empty broker was started"
show /readiness status contracts published
[ "$(get "$manager$gcp" | field sha256)" = "$digest" ] || fail "the edit was not published again"

say "5. A clean stop"
kill -TERM "$manager_pid"
code=0
wait "$manager_pid" || code=$?
manager_pid=
[ "$code" = 0 ] || fail "the manager left with $code"
stop_broker
echo "manager exit code 0; its log:"
sed 's/^/    /' "$work/manager.log"
say "The demo is done."
