#!/usr/bin/env bash
# What each program links: no ICU and no full Foundation anywhere, no libcurl where nothing makes requests.
# linkage.sh DIRECTORY-OF-PROGRAMS
set -euo pipefail
directory=$1
failures=0

refuse() { # PROGRAM PATTERN WHY
    if ldd "$directory/$1" | grep -qE "$2"; then
        echo "FAIL $1 links $(ldd "$directory/$1" | grep -oE "$2" | sort -u | tr '\n' ' '): $3"
        failures=$((failures + 1))
    else
        echo "ok   $1: no $2"
    fi
}

for program in manager watcher publisher health-server wait-for-contract; do
    refuse "$program" 'lib_FoundationICU|libicu[a-z0-9]*' 'ICU costs 40 MB'
    refuse "$program" 'libFoundation\.so|libFoundationInternationalization' 'import FoundationEssentials only'
done
for program in manager health-server wait-for-contract; do
    refuse "$program" 'libcurl' 'libcurl costs 30 libraries and 6 ms at every start'
done
refuse manager 'libNIO' 'the supervisor has no HTTP'
if nm -D --undefined-only "$directory/manager" | grep -qE ' (fork|vfork)(@|$)'; then
    echo "FAIL manager imports fork: Swift must not fork"
    failures=$((failures + 1))
fi
exit "$((failures > 0))"
