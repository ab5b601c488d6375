#!/usr/bin/env bash
# The image without an engine: its root file system, made by carrying out the last stage of deploy/Dockerfile on a Debian of
# debootstrap, and the manager in it as the image's user, read-only root, PID 1 of namespaces of its own, against the local
# broker. What took long is kept in .build/rootfs; remove it for a new Debian.
# rootfs.sh PROGRAMS [GATE]: directory of a release build, the static wait-for-contract (else built as the Dockerfile does).
# Prints why on standard error and leaves with 77 where it cannot be done.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$1 gate=${2:-}
cache=.build/rootfs

cannot() {
    echo "$*" >&2
    exit 77
}

[ "$(id -u)" = 0 ] || cannot "a root file system with its owners is only made by root"
for command in python3 debootstrap unshare nsenter ip strip readelf; do
    command -v "$command" >/dev/null || cannot "$command is not installed (apt-get install debootstrap util-linux iproute2 binutils python3)"
done
unshare --mount --pid --net --uts --ipc --fork true 2>/dev/null || cannot "namespaces are not allowed here"
if [ ! -d "$cache" ] || ! compgen -G "$cache/layer-*" >/dev/null; then
    mirror=http://deb.debian.org/debian/dists/stable/Release
    python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=10)' "$mirror" 2>/dev/null ||
        cannot "nothing was kept from before, and $mirror does not answer"
fi

mkdir -p "$cache"
# Before the new network namespace, in which nothing but the loopback interface is reached: packages and dependencies.
python3 -B Tests/Scripts/rootfs_build.py "$programs" "$gate" "$cache"
exec unshare --net python3 -B Tests/Scripts/rootfs.py "$programs/local-broker" "$cache"
