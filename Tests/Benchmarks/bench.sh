#!/usr/bin/env bash
# Measures speed and memory of the release build, beside peers, in one run. Proof for people, never a test: no figure makes
# it fail; a bar that is missed says by how much. A benchmark that breaks down does not keep the others from running; at the
# end it is named, and the exit code is 1.
# bench.sh DIRECTORY-OF-PROGRAMS [NAME [OPTION...]]; without a name: all. Results as JSON in .build/bench/results; with a
# name those of the others stay, and the summary says of each when and of which commit it is.
set -euo pipefail
programs=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")"
known=(restart held start idle peak probes events change bulk http_rate load scrapes longpoll gate state growth)

if ! command -v python3 >/dev/null; then
    echo "skipped: python3 is not installed" >&2
    exit 0
fi
compiler=${CC:-$(command -v cc || command -v gcc || command -v clang)} || {
    echo "skipped: there is no C compiler (cc, gcc, clang)" >&2
    exit 0
}
tools=$(realpath -m ../../.build/bench)
mkdir -p "$tools"
for source in *.c; do
    "$compiler" -O2 -Wall -Wextra -static -o "$tools/${source%.c}" "$source"
done
export BENCH_RESULTS=$tools/results

if [ $# -gt 0 ]; then
    if [[ " ${known[*]} " != *" $1 "* ]]; then
        echo "There is no benchmark $1; there are: ${known[*]}" >&2
        exit 64
    fi
    known=("$1")
    shift
else
    # What is there belongs to another run.
    rm -rf "$BENCH_RESULTS"
fi
mkdir -p "$BENCH_RESULTS"
./install-peers.sh
failed=()
for name in "${known[@]}"; do
    printf '\n== %s\n' "$name"
    # What an earlier run found is not to stand for one that breaks down now.
    rm -f "$BENCH_RESULTS/$name.json"
    python3 -B "$name.py" "$programs" "$tools" "$@" || failed+=("$name")
done
python3 -B summary.py "$BENCH_RESULTS"
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAIL broke down, its figures are missing: ${failed[*]}" >&2
    exit 1
fi
