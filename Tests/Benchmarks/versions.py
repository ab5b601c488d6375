"""Which versions were measured: ours by commit and compiler, the peers by what the distribution or PyPI calls them."""
import os
import subprocess

CHECKOUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def output(*command):
    """Standard output of a command; empty where it is not there or fails."""
    try:
        found = subprocess.run(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()


def ours():
    """{"commit", "dirty", "compiler"}: of the checkout as it is now, which is what the programs were built from only if
    they were built last. `None` for what cannot be told: no git, no compiler."""
    commit = output("git", "rev-parse", "HEAD")
    compiler = output(os.environ.get("SWIFT", "swift"), "--version").splitlines()
    return {"commit": commit or None, "dirty": bool(output("git", "status", "--porcelain")) if commit else None,
            "compiler": compiler[0] if compiler else None}


def build_text(build):
    """The commit in short, with a plus where files had been changed."""
    return (build["commit"] or "unknown")[:7] + ("+" if build["dirty"] else "")


def package(*names):
    """The version of the first installed Debian package of these; `None` without one."""
    for name in names:
        state, _, version = output("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name).partition(" ")
        if state == "installed":
            return version
    return None


def pypi(environment, package):
    """The version of a package in one of the checkout's virtual environments; `None` without it."""
    python = os.path.join(CHECKOUT, ".build", environment, "bin/python")
    return output(python, "-c", f"import importlib.metadata as m; print(m.version('{package}'))") or None
