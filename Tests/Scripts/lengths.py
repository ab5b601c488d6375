"""Files of at most 250 lines, functions of at most 50 (CONTRIBUTING.md): Swift, C, Python and shell.

What was longer before this was checked stands in lengths.txt, with the lines that it may have. It may only shrink: who
makes something shorter lowers its number, or takes its row away. Package.swift is a list, as long as it has to be.
"""

import ast
import contextlib
import pathlib
import re
import sys
import tempfile

FILE, FUNCTION = 250, 50
LIST = "Tests/Scripts/lengths.txt"
# A declaration with a body, as swift-format leaves it: what it is called, and how far it is indented.
SWIFT = re.compile(r"( *)(?:@\S+ |[a-z]+(?:\(\w+\))? )*(?:func (\S+?)[(<]|(init|deinit|subscript)\b[?(<]? ?)")
C = re.compile(r"()[a-z].*?(\w+)\(")


def sources(root):
    for folder in ("Sources", "Tests", "deploy"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".swift", ".c", ".h", ".py", ".sh"):
                yield path


def braces(lines, declaration):
    """(name, lines) of functions that end with a brace at the column where they begin."""
    for number, line in enumerate(lines):
        match = declaration.match(line)
        if not match or line.rstrip().endswith("}"):
            continue
        indent = match[1]
        name = next(text for text in match.groups()[1:] if text)
        for last in range(number, len(lines)):
            text = lines[last]
            if text == indent + "}":
                yield name, last - number + 1
                break
            # The next declaration, or the end of what this one stands in: it has no body.
            if last > number and text.strip() and not text.startswith(indent + " ") and text.strip()[0] not in "){#":
                break


def functions(path, text):
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                yield node.name, node.end_lineno - node.lineno + 1
    elif path.suffix != ".sh":
        yield from braces(text.split("\n"), SWIFT if path.suffix == ".swift" else C)


def long(root):
    """{file or file:function: lines} of all that is longer than it should be; and how much was looked at."""
    found, files, count = {}, 0, 0
    for path in sources(root):
        text, name = path.read_text(), str(path.relative_to(root))
        files += 1
        if text.count("\n") > FILE:
            found[name] = text.count("\n")
        for function, lines in functions(path, text):
            count += 1
            if lines > FUNCTION:
                key = f"{name}:{function}"
                # Of the same name: file:function, file:function', …
                while key in found:
                    key += "'"
                found[key] = lines
    return found, files, count


def problems(root):
    found, files, count = long(root)
    allowed = dict(line.split() for line in (root / LIST).read_text().splitlines())
    for name, lines in sorted(found.items()):
        if name not in allowed:
            yield f"{name} has {lines} lines, at most {FUNCTION if ':' in name else FILE} are allowed"
        elif lines > int(allowed[name]):
            yield f"{name} has {lines} lines, it had {allowed[name]}: split it"
        elif lines < int(allowed[name]):
            yield f"{name} has {lines} lines: lower its {allowed[name]} in {LIST}"
    for name in sorted(allowed.keys() - found.keys()):
        yield f"{name} is no longer too long: take it out of {LIST}"
    print(f"{files} files, {count} functions: at most {FILE} and {FUNCTION} lines, but for {len(allowed)} older ones")


def check_itself():
    """A directory with known faults: each must be found, and nothing else."""
    body = "\n".join(["    call()"] * (FUNCTION - 1))
    swift = body.replace("    ", "        ")
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in {
            "Sources/a.swift": "struct A {\n    func short() { call() }\n"
                               f"    package static func long<T>(\n        a: T\n    ) throws {{\n{swift}\n    }}\n"
                               f"    func none()\n    init(a: Int) {{\n{swift}\n    }}\n"
                               f"    func less() {{\n{swift[15:]}\n    }}\n}}\n",
            "Sources/b.c": f"int less(void) {{\n{body[11:]}\n}}\nstatic void more(int a) {{\n{body}\n}}\n",
            "Tests/c.py": f"def less():\n{body}\n\n\ndef more():\n{body}\n    call()\n",
            "Tests/d.sh": "true\n" * FILE, "Tests/e.sh": "true\n" * (FILE + 1), "Tests/f.sh": "true\n" * (FILE + 2),
            LIST: f"Tests/d.sh {FILE + 1}\nTests/e.sh {FILE + 2}\n",
        }.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        with contextlib.redirect_stdout(None):
            found = {text.split()[0] for text in problems(root)}
    expected = {"Sources/a.swift:long", "Sources/a.swift:init", "Sources/b.c:more", "Tests/c.py:more", "Tests/d.sh",
                "Tests/e.sh", "Tests/f.sh"}
    if found != expected:
        sys.exit(f"FAIL known faults that are not found, or what is none: {sorted(found ^ expected)}")


def main():
    check_itself()
    wrong = list(problems(pathlib.Path(__file__).resolve().parents[2]))
    for text in wrong:
        print(f"FAIL {text}", file=sys.stderr)
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
