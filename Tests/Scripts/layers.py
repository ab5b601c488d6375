"""A root file system made from the last stage of a Dockerfile, without an engine: debootstrap for the base, chroot for RUN."""

import hashlib
import os
import re
import shutil
import subprocess

import dockerfile

SUITES = {"12": "bookworm", "13": "trixie"}
# What debian:*-slim leaves out of what debootstrap makes.
SLIM = [
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/groff",
    "usr/share/lintian",
    "usr/share/linda",
]


def in_root(root, command, environment):
    """Runs a shell command in the root as a builder would: with /proc and name service."""
    script = ["set -e", "mount --make-rprivate /", 'mount -t proc proc "$0/proc"']
    script.append('touch "$0/etc/resolv.conf"; mount --bind /etc/resolv.conf "$0/etc/resolv.conf"')
    script.append('exec chroot "$0" /bin/sh -c "$1"')
    environment = {**environment, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c", "\n".join(script), str(root), command],
        env=environment,
        check=True,
        stdin=subprocess.DEVNULL,
    )


def base(image, cache):
    """The directory with Debian as the base image has it, made once."""
    match = re.fullmatch(r"debian:(\d+)\.\d+-slim", image)
    if not match or match[1] not in SUITES:
        raise dockerfile.Refused(f"FROM {image}: only debian:{'|'.join(SUITES)}.x-slim can be made here")
    root = cache / f"base-{SUITES[match[1]]}"
    if root.exists():
        return root, True
    unfinished = cache / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    packages = cache / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    with open(cache / "debootstrap.log", "wb") as log:
        subprocess.run(
            [
                "debootstrap",
                "--variant=minbase",
                f"--cache-dir={packages.resolve()}",
                SUITES[match[1]],
                str(unfinished),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )
    for directory in SLIM:
        shutil.rmtree(unfinished / directory, ignore_errors=True)
    for leftover in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(unfinished / leftover, ignore_errors=True)
        (unfinished / leftover).mkdir()
    excludes = "".join(f"path-exclude /{directory}/*\n" for directory in SLIM)
    (unfinished / "etc/dpkg/dpkg.cfg.d/slim").write_text(excludes)
    # As in the image: a package's files are not kept once it is installed, and no service is started.
    (unfinished / "etc/apt/apt.conf.d/slim").write_text(
        'APT::Install-Recommends "false";\nAcquire::Languages "none";\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n'
    )
    unfinished.rename(root)
    return root, False


def build(image, cache, copies, destination):
    """Carries out the stage. `copies` maps (stage, path) of COPY --from to a directory of this machine.

    Steps before the first COPY are cached by base and text. Returns [(instruction, bytes that it added, from cache)].
    """
    root, cached = base(image.base, cache)
    key, report, size = image.base, [], tree_size(root)
    report.append((f"FROM {image.base}", size, cached))
    shutil.rmtree(destination, ignore_errors=True)
    may_cache = True
    work = destination
    for keyword, rest in image.steps:
        cached = False
        if keyword == "RUN":
            key = hashlib.sha256(f"{key}\n{rest}".encode()).hexdigest()
            layer = cache / f"layer-{key[:16]}"
            if may_cache and layer.exists():
                root, cached = layer, True
            else:
                copy_tree(root, work)
                in_root(work, rest, image.environment)
                if may_cache:
                    copy_tree(work, cache / "unfinished")
                    (cache / "unfinished").rename(layer)
                root = work
        elif keyword == "COPY":
            may_cache = False
            match = re.fullmatch(r"--from=(\S+) (\S+) (\S+/)", rest)
            if not match or (match[1], match[2]) not in copies:
                raise dockerfile.Refused(f"COPY {rest}: nothing here stands for it")
            copy_tree(root, work)
            shutil.copytree(copies[match[1], match[2]], str(work) + match[3], dirs_exist_ok=True, symlinks=True)
            root = work
        else:
            continue
        grown = tree_size(root)
        report.append((f"{keyword} {rest}", grown - size, cached))
        size = grown
    copy_tree(root, work)
    return report


def copy_tree(source, destination):
    if source == destination:
        return
    shutil.rmtree(destination, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(destination)], check=True)


def tree_size(root):
    """Bytes of all files, each inode once, as the layers of an image hold them uncompressed."""
    seen, total = set(), 0
    for directory, names, files in os.walk(root):
        for name in files + names:
            status = os.lstat(os.path.join(directory, name))
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_size if not os.path.isdir(os.path.join(directory, name)) else 0
    return total
