#!/usr/bin/env bash
# The supervisors that ours is compared with: s6, runit and daemontools, from Debian or Ubuntu. Installed only if missing.
# Never fails: a supervisor that cannot be had is left out of the comparison, which says so.
set -uo pipefail

missing=()
command -v s6-svscan >/dev/null || missing+=(s6)
command -v runsvdir >/dev/null || missing+=(runit)
command -v svscan >/dev/null || missing+=(daemontools)
[ ${#missing[@]} = 0 ] && exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "not installed, and we are neither root nor have sudo: ${missing[*]}"
        exit 0
    fi
    as_root=(sudo)
fi
if ! command -v apt-get >/dev/null; then
    echo "not installed, and this is no Debian or Ubuntu: ${missing[*]}"
    exit 0
fi
echo "installing the supervisors to compare with: ${missing[*]}"
"${as_root[@]}" apt-get update -qq || echo "apt-get update failed"
for package in "${missing[@]}"; do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" \
        </dev/null >/dev/null || echo "apt-get cannot install $package"
done
exit 0
