#!/usr/bin/env bash
# The one system package that the build needs: libcurl's headers. Installed only if they are missing.
set -euo pipefail

if [ -e /usr/include/curl/curl.h ] || [ -n "$(find /usr/include -maxdepth 3 -path '*/curl/curl.h' -print -quit 2>/dev/null)" ]; then
    exit 0
fi
echo "libcurl's headers are missing: installing libcurl4-openssl-dev"
as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Run as root, or install it yourself: apt-get install libcurl4-openssl-dev" >&2
        exit 1
    fi
    as_root=(sudo)
fi
if ! command -v apt-get >/dev/null; then
    echo "This is no Debian or Ubuntu: install the development files of libcurl 7.87 or newer yourself" >&2
    exit 1
fi
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libcurl4-openssl-dev
