#!/usr/bin/env bash
# The unit of deploy/systemd: `systemd-analyze verify` (any output is a failure) and `security`; then a real systemd as PID 1
# of its own namespaces starts it as it is, and it is reloaded, hangs, fails and is stopped.
# systemd.sh DIRECTORY-OF-PROGRAMS. Says why on standard error and leaves with 77 where there is no systemd to try it with.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$(realpath "${1:?the directory of the built programs}")
gate=${GATE:-.build-gate/wait-for-contract}
unit=deploy/systemd/pact-mocks-manager.service
# Exposure from 0 to 10 as systemd 252 counts it, in tenths: what was reached, so that nothing is lost unnoticed.
exposure=12
if ! command -v systemd-analyze >/dev/null; then
    echo "systemd-analyze is not installed" >&2
    exit 77
fi
work=$(mktemp -d)
container=
# make COMMAND… | remove: a control group of its own, for systemd moves every process that it finds in its group.
group=pact-mocks-manager-test.$$
in_groups='
    groups=$1 name=$2 action=$3
    shift 3
    mount -t cgroup2 none "$groups"
    if [ "$action" = remove ]; then
        # Those that were killed may take a moment.
        for _ in $(seq 100); do
            find "$groups/$name" -depth -type d -exec rmdir {} + 2>/dev/null && break
            [ -d "$groups/$name" ] || break
            sleep 0.05
        done
        exit 0
    fi
    mkdir "$groups/$name"
    echo $$ >"$groups/$name/cgroup.procs"
    umount "$groups"
    exec "$@"'
finish() {
    if [ -n "$container" ]; then
        kill -KILL "$container" 2>/dev/null || true
        wait "$container" 2>/dev/null || true
    fi
    if [ -d "$work/groups" ]; then unshare -m bash -c "$in_groups" - "$work/groups" "$group" remove; fi
    rm -rf "$work"
}
trap finish EXIT
fail() {
    echo "FAIL $*" >&2
    if [ -n "$container" ]; then inside journalctl --no-pager --output=cat --lines=40 >&2 || true; fi
    exit 1
}

# verify FILE: what is said about a copy with the built programs in the place of the installed ones.
verify() {
    sed "s#/usr/local/bin/#$programs/#" "$1" >"$work/pact-mocks-manager.service"
    systemd-analyze verify "$work/pact-mocks-manager.service" 2>&1 || true
}
said=$(verify "$unit")
[ -z "$said" ] || fail "systemd-analyze verify: $said"
echo "ok   systemd-analyze verify ($(systemd-analyze --version | head -n 1)) says nothing"
# An unknown key is exit code 0 and a line of text.
refuse() {
    sed "$2" "$unit" >"$work/broken"
    if cmp -s "$work/broken" "$unit"; then fail "nothing is broken by $2"; fi
    [ -n "$(verify "$work/broken")" ] || fail "systemd takes $1"
    echo "ok   refused: $1"
}
refuse "a misspelt key" 's/^WatchdogSec=/WatchDogSeconds=/'
refuse "a misspelt type" 's/^Type=notify/Type=notfy/'
refuse "a program that is not there" 's#/usr/local/bin/manager#/usr/local/bin/manger#'
refuse "a system call group that does not exist" 's/@system-service/@service/'

sed "s#/usr/local/bin/#$programs/#" "$unit" >"$work/pact-mocks-manager.service"
score=$(systemd-analyze security --offline=true "$work/pact-mocks-manager.service" 2>&1 | tail -n 1)
echo "     $score"
# Each version counts differently.
if [ "$(systemd-analyze --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')" != 252 ]; then exposure=100; fi
tenths=$(sed -n 's/.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p' <<<"$score")
if [ -z "$tenths" ] || [ "$((10#$tenths))" -gt "$exposure" ]; then fail "more exposed than $exposure tenths"; fi

obstacle=
if [ "$(id -u)" != 0 ]; then obstacle="only root may make the namespaces"; fi
if [ ! -x "$gate" ]; then obstacle="there is no static gate, which is installed as well (make gate)"; fi
for tool in unshare nsenter pivot_root strip /usr/lib/systemd/systemd systemctl curl; do
    command -v "$tool" >/dev/null || obstacle="$tool is not installed"
done
if [ -z "$obstacle" ] && ! unshare -mpfnuC --mount-proc true 2>/dev/null; then obstacle="namespaces are not allowed here"; fi
if [ -n "$obstacle" ]; then
    echo "not run under systemd: $obstacle"
    exit 0
fi

milliseconds() { echo $(($(date +%s%N) / 1000000)); }
# await SECONDS WHAT COMMAND…: until the command succeeds.
await() {
    local limit=$1 what=$2 start=$SECONDS
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ $((SECONDS - start)) -ge "$limit" ]; then fail "after $limit s: $what"; fi
        sleep 0.05
    done
}
inside() { nsenter -t "$init" -m -p -n -C -r -w "$@"; }
property() { inside systemctl show --property="$1" --value pact-mocks-manager; }
is() { [ "$(property "$1")" = "$2" ]; }
status_is() { [ "$(inside curl --silent --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:8081$1")" = "$2" ]; }
worker() { inside pgrep --exact "$1"; }

export CONTRACTS=$PWD/deploy/examples/contracts
mkdir "$work/groups" "$work/root"
deploy/image-files.sh "$programs" "$gate" "$work/files"
# Only here; it links nothing of Swift's that the others do not.
cp "$programs/local-broker" "$work/files/bin/"
unshare -m bash -c "$in_groups" - "$work/groups" "$group" make unshare -mpfnuC --kill-child \
    Tests/Scripts/systemd-root.sh "$work/files" "$PWD/$unit" "$work/root" >"$work/systemd.log" 2>&1 </dev/null &
container=$!
booted() {
    init=$(tr -d ' ' <"/proc/$container/task/$container/children")
    [ -n "$init" ] && inside systemctl is-active --quiet test.target
}
start=$SECONDS
until booted 2>/dev/null; do
    if ! kill -0 "$container" 2>/dev/null; then
        echo "not run under systemd: it does not start here: $(tail -n 3 "$work/systemd.log")"
        container=
        exit 0
    fi
    if [ $((SECONDS - start)) -ge 30 ]; then
        tail -n 20 "$work/systemd.log" >&2
        echo "FAIL systemd is not up after 30 s" >&2
        exit 1
    fi
    sleep 0.1
done
inside ip link set lo up 2>/dev/null || inside python3 - <<'P'
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))
P

# The broker is not there: started all the same, and honestly not ready.
# The settings, with a password, are for root alone: systemd reads them.
inside sh -c 'umask 077
    printf "BROKER_URL=http://127.0.0.1:9292\nBROKER_PASSWORD=hidden\n" >/etc/pact-mocks-manager/environment'
began=$(milliseconds)
inside systemctl start pact-mocks-manager || fail "systemctl start"
echo "ok   systemctl start without a broker: $(($(milliseconds) - began)) ms"
status_is /liveness 200 || fail "READY=1 came, and the port does not answer"
await 10 "not ready without a broker" status_is /readiness 503
await 10 "the status is told" is StatusText "all workers run"
user=$(inside stat --format=%u "/proc/$(property MainPID)")
# The range of dynamic users (systemd.exec(5)).
if [ "$user" -lt 61184 ] || [ "$user" -gt 65519 ]; then fail "it runs as $user"; fi
echo "ok   runs as a dynamic user, $user; status: $(property StatusText)"

limit=$(inside sed -n 's/^Max data size *\([^ ]*\).*/\1/p' "/proc/$(worker publisher)/limits")
[ "$limit" != unlimited ] || fail "the filter of system calls takes the workers' memory limits away"

inside sh -c 'exec /usr/local/bin/local-broker --port 9292 --username pact --password hidden >/run/broker.log 2>&1 </dev/null &'
await 20 "ready with a broker" status_is /readiness 200
echo "ok   ready with a broker, sandboxed: contracts published"

# The page's own command: with the settings, the user and the namespaces of what runs.
doctor=$(sed -n 's/.*| `\(env -i bash [^`]* pact-mocks-manager)\)` |.*/\1/p' docs/operations.md)
[ -n "$doctor" ] || fail "docs/operations.md has no command for the doctor"
inside sh -c "$doctor" >"$work/doctor" 2>&1 || fail "$doctor: $(cat "$work/doctor")"
for line in 'ok    broker.write' 'ok    source.contracts' 'ok    state.directory' 'ok    health.port'; do
    grep -q "^ *$line " "$work/doctor" || fail "the doctor does not say $line: $(cat "$work/doctor")"
done
echo "ok   manager doctor as docs/operations.md says: $(tail -n 1 "$work/doctor")"

before=$(worker health-server)
main=$(property MainPID)
inside systemctl reload pact-mocks-manager || fail "systemctl reload"
renewed() { [ -n "$(worker health-server)" ] && [ "$(worker health-server)" != "$before" ] && is ActiveState active; }
await 20 "the workers are new after a reload" renewed
[ "$(property MainPID)" = "$main" ] || fail "a reload replaced the supervisor"
await 20 "ready after the reload" status_is /readiness 200
echo "ok   systemctl reload: new workers, the same supervisor"

# A worker dies: the supervisor's business, not systemd's.
killed=$(worker publisher)
another_publisher() { local now; now=$(worker publisher) && [ "$now" != "$killed" ] && is StatusText "all workers run"; }
inside pkill --signal KILL --exact publisher
await 20 "the publisher is back" another_publisher
is NRestarts 0 || fail "systemd restarted the service for a worker"

# The supervisor hangs, its workers live on: systemd must see it. 30 s are made 6.
inside sh -c 'mkdir -p /run/systemd/system/pact-mocks-manager.service.d
    printf "[Service]\nWatchdogSec=6\n" >/run/systemd/system/pact-mocks-manager.service.d/test.conf'
inside systemctl daemon-reload
inside systemctl restart pact-mocks-manager
main=$(property MainPID)
# More than twice the limit: it beats.
beats() { is NRestarts 0 && is MainPID "$main"; }
end=$((SECONDS + 14))
while [ "$SECONDS" -lt "$end" ]; do
    beats || fail "killed by the watchdog although it turns"
    sleep 0.2
done
inside kill -STOP "$main"
await 30 "the watchdog sees that the supervisor stands still" is NRestarts 1
await 30 "and a new one runs" is StatusText "all workers run"
[ "$(worker health-server | wc -l)" = 1 ] || fail "a worker of the old one is left"
echo "ok   watchdog: a supervisor that stands still is replaced, one that turns is not"

inside systemctl stop pact-mocks-manager || fail "systemctl stop"
is Result success || fail "after a stop the result is $(property Result)"
if worker manager || worker publisher; then fail "something is left after a stop"; fi
inside test ! -e /run/pact-mocks-manager || fail "the state is left after a stop"
echo "ok   systemctl stop: clean, nothing left"

# A wrong setting is said once, not for ever.
inside sh -c 'echo HEALTH_PORT=eighty >>/etc/pact-mocks-manager/environment'
if inside systemctl start pact-mocks-manager 2>/dev/null; then fail "a wrong setting was taken"; fi
is ExecMainStatus 78 || fail "a wrong setting ends with $(property ExecMainStatus)"
is ActiveState failed || fail "a wrong setting is tried again: $(property ActiveState)"
# journald writes down later, and a pipe that grep closes would be an error of its own.
names_it() {
    inside journalctl --no-pager --output=cat --unit=pact-mocks-manager >"$work/journal" && grep -q HEALTH_PORT "$work/journal"
}
await 20 "the journal names it" names_it
echo "ok   a wrong setting fails at once, and the journal names it"
