#!/usr/bin/env bash
# Measures speed and memory of the release build. Proof for people, never a test: no figure makes it fail.
# bench.sh DIRECTORY-OF-PROGRAMS [restart|idle|probes|events|scrapes|longpoll|gate|load [OPTION...]]; without a name: all.
set -euo pipefail
programs=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")"
known=(restart idle probes events scrapes longpoll gate load)

if ! command -v python3 >/dev/null; then
    echo "skipped: python3 is not installed" >&2
    exit 0
fi
compiler=${CC:-$(command -v cc || command -v gcc || command -v clang)} || {
    echo "skipped: there is no C compiler (cc, gcc, clang)" >&2
    exit 0
}
tools=$PWD/../../.build/bench
mkdir -p "$tools"
for source in *.c; do
    "$compiler" -O2 -Wall -Wextra -static -o "$tools/${source%.c}" "$source"
done

run() {
    local name=$1
    shift
    [ "$name" != restart ] || ./install-peers.sh
    python3 -B "$name.py" "$programs" "$tools" "$@"
}

if [ $# -gt 0 ]; then
    if [[ " ${known[*]} " != *" $1 "* ]]; then
        echo "There is no benchmark $1; there are: ${known[*]}" >&2
        exit 64
    fi
    run "$@"
    exit
fi
for name in "${known[@]}"; do
    printf '\n== %s\n' "$name"
    run "$name"
done
