#!/usr/bin/env bash
# A virtual environment of this checkout with packages of PyPI: venv.sh NAME PACKAGE==VERSION… makes .build/NAME-venv, or anew if
# it was made for other packages, and prints its path. Prints why on standard error and leaves with 77 where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
. Tests/Scripts/apt.sh
venv=.build/$1-venv
shift
# Written last: an installation that was interrupted is none.
made=$venv/packages

if [ "$(cat "$made" 2>/dev/null || true)" != "$*" ]; then
    if ! command -v python3 >/dev/null; then
        echo "python3 is not installed" >&2
        exit 77
    fi
    # Debian keeps the module apart, and refuses pip outside of a virtual environment (PEP 668).
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            as_root=()
            { apt_get update && apt_get install -y --no-install-recommends python3-venv; } >&2 || true
        fi
    fi
    rm -rf "$venv"
    if ! python3 -m venv "$venv" >&2; then
        rm -rf "$venv"
        echo "python3 -m venv does not work; install python3-venv" >&2
        exit 77
    fi
    if ! "$venv/bin/pip" install --retries 5 --quiet --disable-pip-version-check "$@" >&2; then
        rm -rf "$venv"
        echo "$* could not be installed" >&2
        exit 77
    fi
    echo "$*" >"$made"
fi
echo "$PWD/$venv"
