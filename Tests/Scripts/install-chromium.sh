#!/usr/bin/env bash
# The browser that the status page is looked at with. Prints its path; installed if it is missing and that is possible.
# Prints why on standard error and leaves with 77 where it cannot be had.
set -uo pipefail
. "$(dirname "$0")/apt.sh"

find_browser() {
    for name in ${CHROMIUM:-} chromium chromium-browser google-chrome; do
        if command -v "$name"; then return 0; fi
    done
    return 1
}

if find_browser; then exit 0; fi
as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get >/dev/null; then
    echo "there is no chromium, and no apt-get to install it" >&2
    exit 77
fi
echo "the status page is checked in chromium: installing" >&2
if ! apt_get update >&2 || ! apt_get install -y --no-install-recommends chromium >&2; then
    echo "chromium is not installed, and apt-get cannot install it" >&2
    exit 77
fi
if ! find_browser; then
    echo "apt-get installed chromium, but there is no such command" >&2
    exit 77
fi
