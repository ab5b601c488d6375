#!/usr/bin/env bash
# What ours is compared with: supervisors, nginx and wrk from Debian or Ubuntu, circus from PyPI in a virtual environment of
# this checkout; with a package's name only that one. Installed only if missing. Never fails: what cannot be had is left
# out, and the benchmark says so.
set -uo pipefail
cd "$(dirname "$0")/../.."
. Tests/Scripts/apt.sh

missing=()
only=${1:-}
need() {
    [ -z "$only" ] || [ "$only" = "$2" ] || return 0
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || missing+=("$2")
}
need s6-svscan s6
need runsvdir runit
need svscan daemontools
need supervisord supervisor
need nginx nginx-light
need wrk wrk
need valgrind valgrind
need strace strace
if [ -z "$only" ] && [ ! -x .build/bench/venv/bin/circusd ] && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    missing+=(python3-venv)
fi

as_root=()
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "not installed, and we are neither root nor have sudo: ${missing[*]}"
        missing=()
    fi
    as_root=(sudo)
fi
if [ ${#missing[@]} -gt 0 ] && ! command -v apt-get >/dev/null; then
    echo "not installed, and this is no Debian or Ubuntu: ${missing[*]}"
    missing=()
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing what to compare with: ${missing[*]}"
    apt_get update -qq || echo "apt-get update failed"
fi
for package in "${missing[@]}"; do
    apt_get install -y -qq --no-install-recommends "$package" \
        </dev/null >/dev/null || echo "apt-get cannot install $package"
done

if [ -z "$only" ] && [ ! -x .build/bench/venv/bin/circusd ]; then
    mkdir -p .build/bench
    { python3 -m venv .build/bench/venv && .build/bench/venv/bin/pip install --quiet --disable-pip-version-check circus==0.19.0; } \
        || echo "circus could not be installed"
fi
exit 0
