#!/usr/bin/env python3
"""Breaks the code in known ways, one at a time, and fails if no test notices.

Needs a checkout without changes of its own; each file is put back as it was. `make mutations`, or with words of the names
to try only those.
"""
import glob
import os
import re
import subprocess
import sys

from mutation_list import MUTATIONS


def run(*command, limit=None):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=limit)


def attempt(name, tests, path, replacements):
    """True if a test went red, or a line why it could not be tried."""
    with open(path) as file:
        original = file.read()
    text = original
    for old, new in replacements:
        if old not in text:
            return f"the code has changed: {old.strip()[:60]}"
        text = text.replace(old, new, 1)
    try:
        with open(path, "w") as file:
            file.write(text)
        build = run("swift", "build", "--build-tests")
        if build.returncode != 0:
            return "does not build: " + "; ".join(re.findall(r"error: .*", build.stdout)[:2])
        runner = glob.glob(".build/debug/*PackageTests.xctest")[0]
        try:
            result = run(runner, "--testing-library", "swift-testing", "--filter", tests, limit=300)
        except subprocess.TimeoutExpired:
            return "a test waits for ever instead of failing"
        text = re.sub(r"\x1b\[[0-9]*m", "", result.stdout + result.stderr)
        red = sorted(set(re.findall(r"✘ Test (.+?) (?:recorded|failed|with)", text)) - {"run"})
        if result.returncode != 0:
            print("red   ", name, "→", red[0] if red else f"exit {result.returncode}", flush=True)
        return result.returncode != 0
    finally:
        with open(path, "w") as file:
            file.write(original)


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    if run("git", "diff", "--quiet").returncode != 0:
        sys.exit("the checkout has changes: commit them first")
    os.environ.setdefault("SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH", str(os.cpu_count() or 2))
    words = sys.argv[1:]
    failures = 0
    for mutation in MUTATIONS:
        if words and not any(word in mutation[0] for word in words):
            continue
        result = attempt(*mutation)
        if result is not True:
            failures += 1
            print("GREEN " if result is False else "FAILED", mutation[0], "" if result is False else result, flush=True)
    run("swift", "build", "--build-tests")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
