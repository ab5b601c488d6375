#!/usr/bin/env bash
# Becomes systemd as PID 1, in namespaces that systemd.sh has made: a root in memory with this machine's /usr, the programs in
# /usr/local/bin, contracts and the unit as it is.
# systemd-root.sh PROGRAMS UNIT EMPTY-DIRECTORY; CONTRACTS is a directory.
set -euo pipefail
programs=$1
unit=$2
root=$3
mount -t tmpfs -o mode=755 none "$root"
cd "$root"
mkdir -p usr proc sys dev run tmp var/lib var/log var/tmp etc/systemd/system old
chmod 1777 tmp var/tmp
mount --bind /usr usr
mount -o remount,bind,ro usr
mount --bind "$programs" usr/local/bin
for link in bin sbin lib lib64; do if [ -d "/usr/$link" ]; then ln -s "usr/$link" "$link"; fi; done
# The libraries of a Swift toolchain lie anywhere.
for program in manager watcher publisher health-server local-broker; do ldd "$programs/$program"; done \
    | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u | { grep -vE '^/(usr|lib|lib64)/' || true; } \
    | while read -r library; do
        mkdir -p ".$(dirname "$library")"
        cp -L "$library" ".$library"
    done
cp /etc/passwd /etc/group /etc/ld.so.cache etc/
echo "127.0.0.1 localhost" >etc/hosts
touch etc/resolv.conf etc/machine-id
# Where the service looks for its contracts and settings.
mkdir -p etc/pact-mocks-manager/contracts
mount -t proc none proc
mount -t tmpfs none run
mount -t sysfs none sys
mount -t cgroup2 none sys/fs/cgroup
mount -t tmpfs none dev
minor() { mknod -m 666 "dev/$1" c "$2" "$3"; }
minor null 1 3 && minor zero 1 5 && minor full 1 7 && minor random 1 8 && minor urandom 1 9 && minor tty 5 0
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts
mount -t tmpfs none dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
cp "$unit" etc/systemd/system/
cp "$CONTRACTS"/*.json etc/pact-mocks-manager/contracts/
# Nothing of the machine's own is started but the journal.
printf '[Unit]\nDescription=The test\nWants=systemd-journald.service\nDefaultDependencies=no\n' >etc/systemd/system/test.target
# Not chroot: below one the kernel allows no user namespaces (PrivateUsers).
pivot_root . old
umount -l old
exec env -i PATH=/usr/bin:/usr/sbin container=test \
    /usr/lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=no </dev/null
