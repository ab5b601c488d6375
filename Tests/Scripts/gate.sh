#!/usr/bin/env bash
# The static gate in a root directory that holds nothing but itself, /etc/hosts and /etc/resolv.conf, without /proc,
# as an ordinary user; names by a DNS server of the test's own, good and bad; the real manager on the other side.
# gate.sh DIRECTORY-OF-PROGRAMS STATIC-GATE. Leaves with 77 where that cannot be had.
set -euo pipefail
programs=$(cd "$1" && pwd)
gate=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$(dirname "$0")"

if ! command -v python3 >/dev/null; then
    echo "python3 is not installed" >&2
    exit 77
fi
if [ "$(id -u)" != 0 ]; then
    echo "needs root for chroot and for port 53 on loopback" >&2
    exit 77
fi
exec python3 -B gate.py "$programs" "$gate"
