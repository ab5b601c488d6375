#!/usr/bin/env python3
"""Compares every log line at warn or above with the table of docs/operations.md, in both directions.

The lines are read out of the sources: (level, program, message). `--list` prints them with where they stand. Another
page can be named as the argument. Nothing is compiled: the calls that write a line have few forms, and a form that is
not known here is an error, so that no line can slip by. A message must be a constant: the values belong into the fields.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"warning": "warn", "error": "error", "critical": "error"}
QUIET = {"trace", "debug", "info", "notice"}
PROGRAMS = {
    "Supervisor": "manager", "Watcher": "watcher", "Publisher": "publisher", "HealthServer": "health-server",
    "Gate": "wait-for-contract", "Shared": "any",
}
# What hands on a line that was made elsewhere: its level and message are collected where they are made.
FORWARDS = (
    "level: news.level", "level: note.level", "level: level", "news.level, news.message",
    "entry.level, entry.message", "trouble.note(", "news:",
)
LITERAL = re.compile(r'^"((?:[^"\\]|\\.)*)"$')


class Unreadable(Exception):
    """A call whose message cannot be told from the text."""


def stripped(text):
    """The code without comments, with as many lines; string literals stay."""
    pattern = re.compile(r'"""(?:.|\n)*?"""|#"(?:.|\n)*?"#|"(?:[^"\\\n]|\\.)*"|//[^\n]*')
    return pattern.sub(lambda found: "" if found[0].startswith("//") else found[0], text)


def arguments(text, start):
    """The arguments of the call whose opening parenthesis is at `start`, each without the space around it."""
    depth, parts, begin, index, quoted = 0, [], start + 1, start, False
    while index < len(text):
        character = text[index]
        if quoted:
            if character == "\\":
                index += 1
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth == 0:
                return [part for part in (*parts, text[begin:index].strip()) if part]
        elif character == "," and depth == 1:
            parts.append(text[begin:index].strip())
            begin = index + 1
        index += 1
    raise Unreadable("a parenthesis that is never closed")


def constants(expression, text, position):
    """The messages that an argument can be: a literal, or a name that is one of several literals."""
    found = LITERAL.match(expression)
    if found:
        if "\\(" in found[1]:
            raise Unreadable(f"the message {expression} holds a value: make it constant, and the value a field")
        return [found[1]]
    if re.fullmatch(r"\w+", expression):
        definition = None
        for definition in re.finditer(rf"\blet {expression}\b[^=\n]*=", text[:position]):
            pass
        if definition:
            value = re.split(r"\n\s*(?:let|var|return|guard|if|for)\b", text[definition.end():position])[0]
            literals = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
            if literals and not any("\\(" in literal for literal in literals):
                return literals
    raise Unreadable(f"what {expression!r} says cannot be told from the text")


def switched(body):
    """`case .a, .b: VALUE` of a switch: pairs of a case's name, with what it binds, and the value's text."""
    for found in re.finditer(r"case\s+((?:.|\n)*?):\s*(\.\w+|\"(?:[^\"\\]|\\.)*\")\s*(?=\n)", body):
        # Labels inside of a pattern have colons too; the value is what stands at the line's end.
        for name in re.findall(r"(?:^|,\s*)\.(\w+)", re.sub(r"\([^()]*\)", "", found[1])):
            yield name, found[2]


def property_body(text, head):
    """What stands between the braces after `head`."""
    start = text.find(head)
    if start < 0:
        return None
    brace, depth = text.index("{", start), 0
    for index in range(brace, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[brace + 1:index]
    return None


def told_by_type(text):
    """The lines of a type that has `level` and `message`: what each case says, if that is a warning or worse."""
    level, message = (property_body(text, f"var {name}: {kind}") for name, kind in
                      (("level", "Logger.Level"), ("message", "String")))
    if message is None:
        raise Unreadable("a type with a level has no `var message: String` beside it")
    choice = re.compile(r"^\s*(.+?)\s*\?\s*(\S+|\"[^\"]*\")\s*:\s*(\S+|\"[^\"]*\")\s*$")
    levels, messages = choice.match(level), choice.match(message)
    if levels and messages and levels[1] == messages[1]:
        pairs = [(levels[2], messages[2]), (levels[3], messages[3])]
    else:
        named = dict(switched(level))
        said = list(switched(message))
        unknown = {name for name, _ in said} ^ set(named)
        if not named or unknown:
            raise Unreadable(f"cases with a level or a message only: {', '.join(sorted(unknown)) or 'all'}")
        pairs = [(named[name], text) for name, text in said]
    for shown, text in pairs:
        if shown.lstrip(".") in LEVELS:
            yield LEVELS[shown.lstrip(".")], constants(text, "", 0)[0]


def told_in(text):
    """(offset, level, message) of every line that this file's text writes."""
    for found in re.finditer(r"\b(\w*[lL]ogger)\s*\.(warning|error|critical)(\()", text):
        for message in constants(arguments(text, found.start(3))[0], text, found.start()):
            yield found.start(), LEVELS[found[2]], message
    for found in re.finditer(r"\bWatcherMessage(\()", text):
        level, message = arguments(text, found.start(1))[:2]
        if level == "_ level: Logger.Level":
            continue
        if level.lstrip(".") not in QUIET:
            for said in constants(message, text, found.start()):
                yield found.start(), LEVELS[level.lstrip(".")], said
    for found in re.finditer(r"\b(\w*[lL]ogger|logs|log)\s*\.log(\()|(?<![\w.])log(\()level:", text):
        given = arguments(text, found.start(2) if found[2] else found.start(3))
        if ", ".join(given).startswith(FORWARDS) or given[0].split(".")[0] == "message":
            continue
        level = given[0].removeprefix("level:").strip().lstrip(".")
        if level in QUIET:
            continue
        if level not in LEVELS:
            raise Unreadable(f"the level of log({', '.join(given[:2])}) cannot be told from the text")
        for message in constants(given[1], text, found.start()):
            yield found.start(), LEVELS[level], message
    for found in re.finditer(r"\bLogLine(\()", text):
        named = dict(part.split(":", 1) for part in arguments(text, found.start(1)) if re.match(r"\w+:", part))
        level = named.get("level", "").strip().lstrip(".")
        if level in LEVELS:
            for message in constants(named.get("message", "").strip(), text, found.start()):
                yield found.start(), LEVELS[level], message
    if "var level: Logger.Level {" in text:
        for level, message in told_by_type(text):
            yield text.index("var level: Logger.Level {"), level, message


def all_lines():
    """({(level, program, message): "file:line"}, problems)."""
    lines, problems = {}, []
    for path in sorted((ROOT / "Sources").rglob("*.swift")):
        text = stripped(path.read_text())
        name = path.relative_to(ROOT)
        try:
            for offset, level, message in told_in(text):
                place = f"{name}:{text.count(chr(10), 0, offset) + 1}"
                lines.setdefault((level, PROGRAMS.get(name.parts[1], name.parts[1]), message), place)
        except Unreadable as reason:
            problems.append(f"{name}: {reason}")
    return lines, problems


def documented_lines(page):
    """({(level, program, message)}, problems) of the page's table: `| warn | `watcher` | `message` | … | … |`."""
    lines, problems = set(), []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or cells[0] not in ("warn", "error"):
            continue
        if len(cells) != 5 or not all(cells):
            problems.append(f"{page.name}:{number}: a row has five cells with something in each")
            continue
        row = (cells[0], cells[1].strip("`"), cells[2].strip("`"))
        if row in lines:
            problems.append(f"{page.name}:{number}: this row is there twice")
        lines.add(row)
    return lines, problems


def compare(page):
    """What the page lacks and what it has too much."""
    told, problems = all_lines()
    known, faults = documented_lines(page)
    if not told:
        problems.append("no line was found in the sources: this script reads them no more")
    for row in sorted(told.keys() - known):
        problems.append(f"{page.name} lacks: | {row[0]} | `{row[1]}` | `{row[2]}` | ({told[row]})")
    for row in sorted(known - told.keys()):
        problems.append(f"{page.name} has, the code has not: | {row[0]} | `{row[1]}` | `{row[2]}` |")
    return len(told), problems + faults


def main(arguments):
    if arguments == ["--list"]:
        found, unreadable = all_lines()
        for (level, program, message), place in sorted(found.items(), key=lambda item: (item[0][1], item[0])):
            print(f"{level:5} {program:17} {message}  [{place}]")
        print(*unreadable, sep="\n", end="\n" if unreadable else "")
        return 1 if unreadable else 0
    count, problems = compare(Path(arguments[0]) if arguments else ROOT / "docs/operations.md")
    for problem in problems:
        print(f"FAIL {problem}")
    if not problems:
        print(f"{count} log lines at warn or above, each explained")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
