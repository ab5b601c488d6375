#!/usr/bin/env python3
"""Checks what the documentation points to: files, headings, `make` targets and environment variables.

Every *.md of the checkout (or of the directory named as the argument):
- a relative link leads to a file or directory that is there, its anchor to a heading there, spelt as GitHub does;
- every page can be reached from README.md;
- `make X` in code names a target of the Makefile;
- an environment variable in code is a row of docs/settings.md, or, if its name does not begin as a setting's does,
  stands in the sources, tests or examples;
- `--option` behind one of our programs, in code, is one that this program declares;
- a page of docs or deploy that a comment in the sources or tests names is there;
- `SomeTests` in code is a suite of Tests, `SomeTests.name` a function in its file.
Addresses elsewhere are not asked for: this works without a network.
"""
import re
import sys
from pathlib import Path
from urllib.parse import unquote

SKIPPED = re.compile(r"^\.|^node_modules$")
# What names pages that are not there on purpose.
OWN = {"links.py", "documentation.sh"}
# Set by Kubernetes in every pod.
GIVEN = {"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}
PROGRAMS = {
    "manager": "Sources/Supervisor", "watcher": "Sources/Watcher", "publisher": "Sources/Publisher",
    "health-server": "Sources/HealthServer", "wait-for-contract": "Sources/Gate", "local-broker": "Tests/LocalBroker",
}
# A program's name, not a container's, and what follows it up to the next command or to the command that it is given.
CALL = re.compile(
    rf"(?<![\w-])(?<!--name )(?<!-c )({'|'.join(PROGRAMS)})(?![\w:/-])"
    r"((?:(?![|;#]|(?<![\w-])--(?![\w-])).)*)"
)
DECLARED = re.compile(r"@(?:Flag|Option)\b((?:(?!@(?:Flag|Option)|\bfunc ).)*?)\bvar (\w+)", re.DOTALL)
LINK = re.compile(
    r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^()\s<>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s+(\S+)",
    re.MULTILINE,
)
PAGE = re.compile(r"(?<![\w./$-])(?:docs|deploy)/[\w/-]+\.md\b|\b[A-Z-]{5,}\.md\b")
TEST = re.compile(r"(?<![\w./*-])([A-Z]\w*Tests)\b(?![/-])(?:\.(\w+))?")
VARIABLE = re.compile(r"(?<![\w.$/-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w…*])")


def pages(root):
    """Every *.md, hidden directories left out."""
    for path in sorted(root.rglob("*.md")):
        if not any(SKIPPED.match(part) for part in path.relative_to(root).parts[:-1]):
            yield path


def split(text):
    """(prose, code): two texts with as many lines; what belongs to the other is blank."""
    prose, code, fence, after_blank = [], [], None, True
    for line in text.splitlines():
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and (fence is None or mark[1].startswith(fence)):
            fence = mark[1] if fence is None else None
            prose.append("")
            code.append("")
        elif fence is not None or (re.match(r" {4}\s*[^\s*|-]", line) and after_blank):
            prose.append("")
            code.append(line)
            continue
        else:
            spans = re.findall(r"`+([^`]+)`+", line)
            prose.append(re.sub(r"`+[^`]+`+", "", line))
            code.append(" ; ".join(spans))
        # An indented block begins after an empty line and goes on until a line that is not indented.
        after_blank = not line.strip() or (after_blank and line.startswith("    "))
    return "\n".join(prose), "\n".join(code)


def anchors(text):
    """The anchors that GitHub makes of a page's headings."""
    seen, fence = {}, False
    for line in text.splitlines():
        fence ^= bool(re.match(r"\s*(```|~~~)", line))
        heading = None if fence else re.match(r"#{1,6}\s+(.+?)\s*#*$", line)
        if not heading:
            continue
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        yield slug if count == 0 else f"{slug}-{count}"


def declared_options(folder):
    """The names that swift-argument-parser makes of a program's properties."""
    yield from ("help", "version")
    for path in folder.rglob("*.swift"):
        for given, name in DECLARED.findall(path.read_text()):
            custom = re.findall(r'customLong\("([\w-]+)"', given)
            yield from custom or [re.sub(r"(?<=[a-z])([A-Z])", r"-\1", name).lower()]


class Checkout:
    """What the pages may point to."""

    def __init__(self, root):
        self.root = root
        self.targets = set(re.findall(r"^([\w-]+):", (root / "Makefile").read_text(), re.MULTILINE))
        table = re.findall(r"^\| `([A-Z_]+)` \|.*$", (root / "docs/settings.md").read_text(), re.MULTILINE)
        rows = re.findall(r"also `([A-Z_]+_FILE)`", (root / "docs/settings.md").read_text())
        self.settings = set(table) | set(rows) | GIVEN
        self.prefixes = tuple({f"{name.split('_')[0]}_" for name in table})
        self.words = set()
        self.suites = {}
        self.named = {}
        self.options = {name: set(declared_options(root / folder)) for name, folder in PROGRAMS.items()}
        for path in [root / "Makefile", *(p for d in ("Sources", "Tests", "deploy") for p in (root / d).rglob("*"))]:
            if path.is_file() and path.suffix != ".md" and path.name not in OWN and path.stat().st_size < 1 << 20:
                text = path.read_text(errors="replace")
                # A name may follow an escaped line break.
                self.words.update(VARIABLE.findall(text.replace("\\n", " ")))
                for name in PAGE.findall(text):
                    self.named.setdefault(name, path)
                if path.suffix == ".swift":
                    for suite in re.findall(r"\bstruct (\w+Tests)\b", text):
                        self.suites.setdefault(suite, set()).update(re.findall(r"\bfunc (\w+)", text))

    def variable_problem(self, name):
        if name in self.settings:
            return None
        if name.startswith(self.prefixes):
            return f"{name} begins like a setting, and docs/settings.md has no such row"
        return None if name in self.words else f"nothing in Sources, Tests or deploy knows {name}"

    def test_problem(self, suite, name):
        if suite not in self.suites:
            return f"there is no suite {suite}"
        return None if not name or name in self.suites[suite] else f"{suite} has no test {name}"


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def check_links(page, prose, problems):
    """Problems of a page's links; returns the pages that they lead to."""
    found = set()
    for match in LINK.finditer(prose):
        target = match[1] or match[2]
        place = f"{page}:{line_of(prose, match.start())}"
        if re.match(r"[a-z][a-z+.-]*:", target):
            if not target.startswith(("https://", "http://", "mailto:")):
                problems.append(f"{place}: {target} is no address")
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / unquote(path)).resolve() if path else page
        if not goal.exists():
            problems.append(f"{place}: {target} is not there")
        elif anchor and goal.suffix == ".md" and anchor not in set(anchors(goal.read_text())):
            problems.append(f"{place}: {goal.name} has no heading for #{anchor}")
        found.add(goal)
    return found


def check(root):
    checkout, problems, links = Checkout(root), [], {}
    for page in pages(root):
        prose, code = split(page.read_text())
        links[page] = check_links(page, prose, problems)
        for number, line in enumerate(code.splitlines(), 1):
            for target in re.findall(r"(?:^|[;&(] *|^\s+)make ([a-z][\w-]*)", line):
                if target not in checkout.targets:
                    problems.append(f"{page}:{number}: the Makefile has no target {target}")
            for name in VARIABLE.findall(line):
                if problem := checkout.variable_problem(name):
                    problems.append(f"{page}:{number}: {problem}")
            for program, rest in CALL.findall(line):
                for option in re.findall(r"(?<![\w-])--([a-z][\w-]*)", rest):
                    if option not in checkout.options[program]:
                        problems.append(f"{page}:{number}: {program} has no option --{option}")
            for suite, name in TEST.findall(line):
                if problem := checkout.test_problem(suite, name):
                    problems.append(f"{page}:{number}: {problem}")
    for name, place in checkout.named.items():
        if not (root / name).exists():
            problems.append(f"{place}: {name} is not there")
    reached, waiting = set(), [root / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += links.get(page, ())
    problems += [f"{page}: no link leads here from README.md" for page in links if page not in reached]
    return links, problems


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).parents[2]).resolve()
    links, problems = check(root)
    for problem in problems:
        print(f"FAIL {problem.replace(f'{root}/', '')}")
    if not problems:
        print(f"{len(links)} pages, {sum(map(len, links.values()))} links")
    return 1 if problems or not links else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
