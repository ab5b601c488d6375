#!/usr/bin/env bash
# What only the tests with TLS need: nginx and openssl, and unshare for those with a silent name server. Installed if they
# are missing and that is possible; if not, the tests say that they are skipped.
set -uo pipefail
. "$(dirname "$0")/apt.sh"

missing=()
[ -x /usr/sbin/nginx ] || missing+=(nginx-light)
[ -x /usr/bin/openssl ] || missing+=(openssl)
[ -x /usr/bin/unshare ] || missing+=(util-linux)
if [ ${#missing[@]} = 0 ]; then
    exit 0
fi
echo "the tests with TLS need ${missing[*]}: installing"
as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get >/dev/null || ! apt_get update; then
    echo "cannot install them; the tests that need them are skipped"
    exit 0
fi
# The service that the package would start is of no use here.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ] && printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null; then
    made_policy=yes
    "${as_root[@]}" chmod 755 "$policy"
fi
for package in "${missing[@]}"; do
    apt_get install -y --no-install-recommends "$package" \
        || { [ "$package" = nginx-light ] && apt_get install -y --no-install-recommends nginx; } \
        || echo "cannot install $package; the tests that need it are skipped"
done
if [ "$made_policy" = yes ]; then "${as_root[@]}" rm -f "$policy"; fi
