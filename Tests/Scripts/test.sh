#!/usr/bin/env bash
# Runs the tests that need nothing but this checkout. PACT_CORPUS=<directory of real pacts> adds the corpus tests.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${PACT_CORPUS:-}" ]; then
    echo "PACT_CORPUS is not set: the tests on a directory of other people's pacts are skipped"
fi
exec "${SWIFT:-swift}" test --skip-build "$@"
