#!/usr/bin/env bash
# The metrics and the alerts under the real Prometheus: `promtool` and one scrape (prometheus.py). Needs the directory of
# the built programs as argument. Says why on standard error and leaves with 77 where Prometheus cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
. Tests/Scripts/apt.sh
products=${1:?the directory of the built programs}
tools=$PWD/.build/prometheus-tools

# Debian's package, unpacked into this checkout and not installed: no service is started, no user and no file is made.
if ! command -v promtool >/dev/null || ! command -v prometheus >/dev/null; then
    if [ ! -x "$tools/usr/bin/promtool" ]; then
        if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
            echo "prometheus is not installed, and there is no apt-get to fetch it with" >&2
            exit 77
        fi
        download=$(mktemp -d)
        trap 'rm -rf "$download"' EXIT
        fetch() { (cd "$download" && as_root=() && apt_get download prometheus); }
        as_root=()
        if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
        if ! { fetch || { apt_get update && fetch; }; } >&2; then
            echo "Debian's package prometheus could not be fetched" >&2
            exit 77
        fi
        rm -rf "$tools"
        dpkg-deb -x "$download"/prometheus_*.deb "$tools"
        rm -rf "$download"
    fi
    PATH=$tools/usr/bin:$PATH
fi
if ! command -v python3 >/dev/null; then
    echo "python3 is not installed" >&2
    exit 77
fi
exec python3 Tests/Scripts/prometheus.py "$products"
