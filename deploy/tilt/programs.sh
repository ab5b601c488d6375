#!/usr/bin/env bash
# For the Tiltfile: builds the programs on this machine and puts those that changed into .build/tilt, as they are in the image.
set -euo pipefail
cd "$(dirname "$0")/../.."
for product in manager watcher publisher health-server; do
    swift build -c release --product "$product"
done
# Static, for other images. Incremental as well: what has not changed is not compiled.
swift build -c release --product wait-for-contract --scratch-path .build-gate \
    -Xswiftc -static-executable -Xswiftc -static-stdlib -Xlinker -s
gate=.build-gate/release/wait-for-contract

fresh=.build/tilt-fresh
rm -rf "$fresh"
deploy/image-files.sh .build/release "$gate" "$fresh"
mkdir -p .build/tilt
# A file that is the same stays untouched: Tilt looks at every write, and would take it for a new manager.
(cd "$fresh" && find . -type f -print0) | while IFS= read -r -d '' file; do
    cmp -s "$fresh/$file" ".build/tilt/$file" || install -D -m 0755 "$fresh/$file" ".build/tilt/$file"
done
