#!/usr/bin/env bash
# The status page in a real headless Chromium: browser.sh DIRECTORY-OF-PROGRAMS. Screenshots go to .build/browser.
# Leaves with 77 and the reason where there is no browser or no python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v python3 >/dev/null; then
    echo "python3 is not installed" >&2
    exit 77
fi
browser=$(Tests/Scripts/install-chromium.sh)
exec python3 Tests/Scripts/browser.py "$browser" "$1" .build/browser
