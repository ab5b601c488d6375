#!/usr/bin/env bash
# Becomes systemd as PID 1, in namespaces that systemd.sh has made: a root in memory with this machine's /usr, programs and
# libraries in /usr/local as deploy/systemd/README.md puts them there, contracts and the unit as it is.
# systemd-root.sh FILES UNIT EMPTY-DIRECTORY: FILES is what image-files.sh has made; CONTRACTS is a directory.
set -euo pipefail
files=$1
unit=$2
root=$3
mount -t tmpfs -o mode=755 none "$root"
cd "$root"
mkdir -p usr proc sys dev run tmp var/lib var/log var/tmp etc/systemd/system old
chmod 1777 tmp var/tmp
mount --bind /usr usr
mount -o remount,bind,ro usr
mount -t tmpfs -o mode=755 none usr/local
for link in bin sbin lib lib64; do if [ -d "/usr/$link" ]; then ln -s "usr/$link" "$link"; fi; done
cp -r /etc/passwd /etc/group /etc/ld.so.conf /etc/ld.so.conf.d etc/
# The README's own commands. The toolchain is nowhere in this root unless it lies below /usr.
cp -r "$files/." usr/local/
chroot . ldconfig
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
