#!/usr/bin/env bash
# Runs the tests that need nothing but this checkout. PACT_CORPUS=<directory of real pacts> adds the corpus tests.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${PACT_CORPUS:-}" ]; then
    echo "PACT_CORPUS is not set: the tests on a directory of other people's pacts are skipped"
fi
# As many tests at a time as there are threads for them: they block theirs, and the clock of one that has to wait for a
# thread would run already.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=${SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH:-$(nproc)}
exec "${SWIFT:-swift}" test --skip-build "$@"
