"""The image's root file system, made by the Dockerfile's own last stage; see rootfs.sh.

rootfs_build.py PROGRAMS GATE CACHE: directory of a release build, the static wait-for-contract (empty: built as in the
Dockerfile), a directory to keep. Exit 77: the programs are built for another Debian than the image's.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import dockerfile
import layers
from checks import Failed, expect, say

DOCKERFILE = "deploy/Dockerfile"


def staged_files(programs, gate, cache):
    """What the builder's stage leaves: made by its own last command, with this machine's release build."""
    _, name, steps = dockerfile.stages(DOCKERFILE)[0]
    runs = [rest for keyword, rest in steps if keyword == "RUN"]
    script, _, built_gate, inside = runs[-1].split()
    if not gate:
        gate = built_gate
        command = next(run for run in runs if "--product wait-for-contract" in run)
        subprocess.run(command, shell=True, check=True, stdout=sys.stderr)
    staged = cache / "image"
    shutil.rmtree(staged, ignore_errors=True)
    subprocess.run([script, programs, gate, staged], check=True)
    return {(name, inside + "/"): staged}


def build(programs, gate, cache):
    image = dockerfile.Image(DOCKERFILE)
    report = layers.build(image, cache, staged_files(programs, gate, cache), cache / "root")
    for instruction, size, cached in report:
        print(f"     {size / 1e6:7.2f} MB  {instruction[:90]}{'  (kept from before)' if cached else ''}")
    files = {path.name: path.stat().st_size for path in (cache / "root/usr/local").rglob("*") if path.is_file()}
    print("     of these " + ", ".join(f"{name} {size / 1e6:.2f}" for name, size in sorted(files.items())))
    print(f"     Debian {(cache / 'root/etc/debian_version').read_text().strip()}")
    say("size", f"{sum(size for _, size, _ in report) / 1e6:.1f} MB")
    check_context()
    check_files(cache / "root")


def check_context():
    """What the builder copies is let in by .dockerignore, is there, and is a package with the programs and no test."""
    allowed = {line[1:] for line in pathlib.Path(".dockerignore").read_text().splitlines() if line.startswith("!")}
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory() as directory:
        for keyword, rest in dockerfile.stages(DOCKERFILE)[0][2]:
            if keyword == "ENV":
                environment.update(word.split("=", 1) for word in rest.split())
            if keyword == "COPY":
                for source in rest.split()[:-1]:
                    expect(source in allowed and pathlib.Path(source).exists(), "context", f"{source} reaches the builder")
                    (pathlib.Path(directory) / pathlib.Path(source).parent).mkdir(parents=True, exist_ok=True)
                    (shutil.copytree if pathlib.Path(source).is_dir() else shutil.copy)(source, f"{directory}/{source}")
        check_package(directory, environment)


def check_package(directory, environment):
    command = ["swift", "package", "--package-path", directory, "describe", "--type", "json"]
    described = subprocess.run(command, env=environment, capture_output=True, text=True)
    expect(described.returncode == 0, "package in the context", described.stderr.strip()[-400:] or "is one")
    package = json.loads(described.stdout)
    tests = [target["name"] for target in package["targets"] if target["path"].startswith("Tests/")]
    products = {product["name"] for product in package["products"]}
    built = {"manager", "watcher", "publisher", "health-server", "wait-for-contract"}
    expect(products == built and not tests, "its products", f"{' '.join(sorted(products))} {' '.join(tests)}".strip())


def check_files(root):
    """What holds without any mount: permissions, the loader, the compiler's version."""
    missing = subprocess.run(
        [
            "chroot",
            root,
            "/bin/sh",
            "-c",
            "ldd /usr/local/bin/manager /usr/local/bin/watcher /usr/local/bin/publisher "
            "/usr/local/bin/health-server 2>&1 | grep 'not found'",
        ],
        capture_output=True,
        text=True,
    ).stdout
    if "GLIBC" in missing or "libcurl" in missing:
        print(f"the programs are not built for the image's Debian: {missing.strip()}", file=sys.stderr)
        sys.exit(77)
    expect(not missing, "libraries", missing.strip() or "each program finds all that it links")
    loose = [
        str(path)
        for path in pathlib.Path(root).rglob("*")
        if not path.is_symlink() and path.is_file() and (path.stat().st_mode & 0o6002 or path.stat().st_uid == 65532)
    ]
    expect(
        not loose,
        "permissions",
        str(loose) if loose else "no setuid, setgid or world-writable file, none of the user's",
    )
    state = pathlib.Path(root, "state").stat()
    expect((state.st_mode & 0o7777, state.st_uid, state.st_gid) == (0o700, 65532, 65532), "/state", "65532:65532, 0700")
    builder = dockerfile.stages(DOCKERFILE)[0][0]
    version = pathlib.Path(".swift-version").read_text().strip()
    expect(builder.startswith(f"swift:{version}-"), "compiler", f"{builder} is the {version} of .swift-version")


if __name__ == "__main__":
    os.chdir(pathlib.Path(__file__).parent.parent.parent)
    try:
        build(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]))
    except (Failed, dockerfile.Refused) as error:
        print(f"FAIL {error}", file=sys.stderr)
        sys.exit(1)
