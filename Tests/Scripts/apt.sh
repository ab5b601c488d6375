# To be sourced: apt_get as the array `as_root` says, which waits for whoever else installs at this moment (a machine that
# has just started may be updating itself) and tries a download again.
# In runlevel 1 packages start no service.
apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}
