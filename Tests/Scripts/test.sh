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

# Files of the tests are read by other users, too.
umask 022

# What failed is said again at the end, next to the runner's summary: in thousands of lines nobody finds it, and of a log
# of CI often only the end is shown.
# Without colours, whose codes the patterns below do not know.
export NO_COLOR=1
mkdir -p .build
log=$(mktemp .build/test.XXXXXX)
trap 'rm -f "$log"' EXIT
code=0
"${SWIFT:-swift}" test --skip-build "$@" 2>&1 | tee "$log" || code=$?
if [ "$code" -ne 0 ]; then
    printf '\n== what failed\n'
    awk '/^✘ .* recorded an issue/ { print; details = 1; next } /^↳/ && details { print; next } { details = 0 }' "$log"
    grep '^✘ Test run with' "$log" || tail -n 3 "$log"
fi
exit "$code"
