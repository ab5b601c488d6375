#!/usr/bin/env bash
# What goes below /usr/local of the image: bin with the programs, stripped, and lib with what they link of Swift's runtime.
# image-files.sh PROGRAMS GATE DESTINATION: the directory of a release build, the static wait-for-contract, a new directory.
# The Dockerfile's builder runs it, and Tests/Scripts/rootfs.sh, so that both put the same there.
set -euo pipefail
programs=$1 gate=$2 destination=$3

mkdir -p "$destination/bin" "$destination/lib"
for program in manager watcher publisher health-server; do
    # The names of functions are for a debugger: 2 MB to 16 MB a program.
    strip --strip-all -o "$destination/bin/$program" "$programs/$program"
done
strip --strip-all -o "$destination/bin/wait-for-contract" "$gate"
if readelf --program-headers "$destination/bin/wait-for-contract" | grep -q INTERP; then
    echo "$gate is not static: it needs a loader, which other images may not have" >&2
    exit 1
fi

# With -static-stdlib there is nothing here to copy. libstdc++, libcurl and the like come as packages.
for program in manager watcher publisher health-server; do
    ldd "$programs/$program"
done | sed -n 's|.* => \(.*/usr/lib/swift/linux/lib[^ ]*\) .*|\1|p' |
    sort -u |
    while read -r library; do
        strip --strip-unneeded -o "$destination/lib/$(basename "$library")" "$library"
    done

# Readable and runnable for a user without a name; nothing is writable for anybody but root.
chmod -R u=rwX,go=rX "$destination"
