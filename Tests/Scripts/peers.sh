#!/usr/bin/env bash
# Makes the real pact tools available (PyPI pact-python-cli, the Rust `pact` executable) in a virtual environment of this
# checkout and prints the path of `pact`. Prints why on standard error and leaves with 77 where they cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=1!0.10.9
venv=.build/peers-venv

if [ ! -x "$venv/bin/pact" ]; then
    if ! command -v python3 >/dev/null; then
        echo "python3 is not installed" >&2
        exit 77
    fi
    # Debian keeps the module apart, and refuses pip outside of a virtual environment (PEP 668).
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            { apt-get update && apt-get install -y --no-install-recommends python3-venv; } >&2 || true
        fi
    fi
    rm -rf "$venv"
    if ! python3 -m venv "$venv" >&2; then
        echo "python3 -m venv does not work; install python3-venv" >&2
        exit 77
    fi
    if ! "$venv/bin/pip" install --quiet --disable-pip-version-check "pact-python-cli==$version" >&2; then
        rm -rf "$venv"
        echo "pact-python-cli $version could not be installed" >&2
        exit 77
    fi
fi
echo "$PWD/$venv/bin/pact"
