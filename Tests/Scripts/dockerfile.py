"""The instructions of a Dockerfile's last stage, and a root file system made from them without an engine.

What is understood is what deploy/Dockerfile uses; anything else is an error, so that the two cannot drift apart unseen.
"""

import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

KEYWORDS = {"RUN", "COPY", "ENV", "VOLUME", "EXPOSE", "USER", "WORKDIR", "STOPSIGNAL", "HEALTHCHECK", "ARG", "LABEL", "ENTRYPOINT"}
SUITES = {"12": "bookworm", "13": "trixie"}
# What debian:*-slim leaves out of what debootstrap makes.
SLIM = ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/groff", "usr/share/lintian", "usr/share/linda"]


class Refused(Exception):
    """The Dockerfile says something that this file does not know."""


def instructions(path):
    """[(keyword, rest)], continued lines joined, comments gone."""
    found, pending = [], ""
    for line in pathlib.Path(path).read_text().splitlines():
        if line.lstrip().startswith("#") or not line.strip():
            continue
        pending += line.strip()
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        keyword, _, rest = pending.partition(" ")
        found.append((keyword.upper(), rest.strip()))
        pending = ""
    if pending:
        raise Refused(f"{path} ends in the middle of an instruction")
    return found


def stages(path):
    """[(image, name or None, [(keyword, rest)])]."""
    result = []
    for keyword, rest in instructions(path):
        if keyword == "FROM":
            match = re.fullmatch(r"(\S+)(?: AS (\S+))?", rest, re.IGNORECASE)
            if not match:
                raise Refused(f"FROM {rest}")
            result.append((match[1], match[2], []))
        elif not result:
            raise Refused(f"{keyword} before FROM")
        else:
            result[-1][2].append((keyword, rest))
    return result


class Image:
    """The last stage: what it runs and copies, and how a container of it is started."""

    def __init__(self, path):
        self.stages = stages(path)
        self.base, _, self.steps = self.stages[-1]
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.volumes, self.ports, self.labels, self.arguments = [], [], {}, {}
        self.user, self.directory, self.signal = "0:0", "/", "SIGTERM"
        self.entrypoint, self.health, self.health_options = [], None, {}
        for keyword, rest in self.steps:
            if keyword not in KEYWORDS:
                raise Refused(f"{keyword} {rest}: Tests/Scripts/dockerfile.py does not know it")
            if keyword not in ("RUN", "COPY"):
                getattr(self, "_" + keyword.lower())(rest)
        if not self.entrypoint or self.user == "0:0" or self.health is None:
            raise Refused("ENTRYPOINT, USER or HEALTHCHECK is missing")

    def _pairs(self, rest):
        for word in shlex.split(rest):
            name, equals, value = word.partition("=")
            if not equals:
                raise Refused(f"{word}: only NAME=value is understood")
            for variable in re.findall(r"\$\{?(\w+)\}?", value):
                if variable not in self.arguments:
                    raise Refused(f"{word}: {variable} is no ARG before it")
            yield name, re.sub(r"\$\{?(\w+)\}?", lambda m: self.arguments[m[1]], value)

    def _env(self, rest):
        self.environment.update(self._pairs(rest))

    def _label(self, rest):
        self.labels.update(self._pairs(rest))

    def _arg(self, rest):
        self.arguments.update(self._pairs(rest))

    def _volume(self, rest):
        self.volumes += json.loads(rest)

    def _expose(self, rest):
        self.ports += [int(port) for port in rest.split()]

    def _user(self, rest):
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", rest):
            raise Refused(f"USER {rest}: two numbers, neither of them root's")
        self.user = rest

    def _workdir(self, rest):
        self.directory = rest

    def _stopsignal(self, rest):
        self.signal = rest

    def _entrypoint(self, rest):
        self.entrypoint = json.loads(rest)

    def _healthcheck(self, rest):
        options, found, command = rest.partition("CMD ")
        if not found or command.startswith("["):
            raise Refused(f"HEALTHCHECK {rest}: only CMD in the form for a shell is understood")
        self.health = ["/bin/sh", "-c", command]
        self.health_options = {key[2:]: value for key, value in (word.split("=") for word in options.split())}


def in_root(root, command, environment, binds=()):
    """Runs a shell command in the root as a builder would: /proc, name service and `binds` (outside, inside) are mounted."""
    script = ["set -e", 'mount --make-rprivate /', 'mount -t proc proc "$0/proc"']
    script += [f'mkdir -p "$0{inside}"; mount --bind {shlex.quote(str(outside))} "$0{inside}"' for outside, inside in binds]
    script.append('touch "$0/etc/resolv.conf"; mount --bind /etc/resolv.conf "$0/etc/resolv.conf"')
    script.append('exec chroot "$0" /bin/sh -c "$1"')
    environment = {**environment, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c", "\n".join(script), str(root), command],
        env=environment, check=True, stdin=subprocess.DEVNULL)


def base(image, cache):
    """The directory with Debian as the base image has it, made once."""
    match = re.fullmatch(r"debian:(\d+)\.\d+-slim", image)
    if not match or match[1] not in SUITES:
        raise Refused(f"FROM {image}: only debian:{'|'.join(SUITES)}.x-slim can be made here")
    root = cache / f"base-{SUITES[match[1]]}"
    if root.exists():
        return root, True
    unfinished = cache / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    packages = cache / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    with open(cache / "debootstrap.log", "wb") as log:
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--cache-dir={packages.resolve()}", SUITES[match[1]], str(unfinished)],
            stdout=log, stderr=subprocess.STDOUT, check=True)
    for directory in SLIM:
        shutil.rmtree(unfinished / directory, ignore_errors=True)
    for leftover in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(unfinished / leftover, ignore_errors=True)
        (unfinished / leftover).mkdir()
    excludes = "".join(f"path-exclude /{directory}/*\n" for directory in SLIM)
    (unfinished / "etc/dpkg/dpkg.cfg.d/slim").write_text(excludes)
    # As in the image: a package's files are not kept once it is installed, and no service is started.
    (unfinished / "etc/apt/apt.conf.d/slim").write_text(
        'APT::Install-Recommends "false";\nAcquire::Languages "none";\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n')
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
                raise Refused(f"COPY {rest}: nothing here stands for it")
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
