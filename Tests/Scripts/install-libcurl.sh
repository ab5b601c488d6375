#!/usr/bin/env bash
# The one system package that the build needs: libcurl's headers. Installed only if they are missing.
set -euo pipefail
. "$(dirname "$0")/apt.sh"

package=libcurl4-openssl-dev
if [ -e /usr/include/curl/curl.h ] || [ -n "$(find /usr/include -maxdepth 3 -path '*/curl/curl.h' -print -quit 2>/dev/null)" ]; then
    exit 0
fi
echo "libcurl's headers are missing: installing $package"
as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Run as root, or install it yourself: apt-get install $package" >&2
        exit 1
    fi
    as_root=(sudo)
fi
if ! command -v apt-get >/dev/null; then
    echo "This is no Debian or Ubuntu: install the development files of libcurl 7.87 or newer yourself" >&2
    exit 1
fi
apt_get update

# Headers of the library that is installed, if the archive still has them: newer ones make apt upgrade the library, and
# curl with it.
upgrades() { apt-get -s install --no-install-recommends "$1" 2>/dev/null | sed -n 's/^Inst \([^ ]*\) \[.*/\1/p'; }
wanted=$package
installed=$(dpkg-query -W -f '${Version}\n' libcurl4t64 libcurl4 2>/dev/null | head -n 1 || true)
if [ -n "$installed" ] && apt-get -s install --no-install-recommends "$package=$installed" >/dev/null 2>&1; then
    wanted=$package=$installed
fi
others=$(upgrades "$wanted" | sort | tr '\n' ' ' || true)
[ -z "$others" ] || echo "apt upgrades with it, as it only has headers of a newer version: $others"
apt_get install -y --no-install-recommends "$wanted"
