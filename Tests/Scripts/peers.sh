#!/usr/bin/env bash
# Makes the real pact tools available (PyPI pact-python-cli, the Rust `pact` executable) in a virtual environment of this
# checkout and prints the path of `pact`. Prints why on standard error and leaves with 77 where they cannot be had.
set -euo pipefail
venv=$("$(dirname "$0")/venv.sh" peers 'pact-python-cli==1!0.10.9')
echo "$venv/bin/pact"
