"""The tests that failed in a run: patterns for `swift test --filter`, a line each, of an event stream of Swift Testing.

failed.py EVENTS [LIMIT]

Leaves with 1 and says why where running them once more would prove nothing: when the run did not end, when nothing
failed that has a name, or when more than LIMIT (3) tests failed.
"""

import json
import re
import sys
from pathlib import Path


def failed(lines):
    """The IDs of the tests with an issue, in order; `None` for a run that did not end."""
    names = []
    ended = False
    for line in lines:
        record = json.loads(line)
        if record["kind"] != "event":
            continue
        event = record["payload"]
        ended = ended or event["kind"] == "runEnded"
        if event["kind"] != "issueRecorded":
            continue
        issue = event["issue"]
        if issue.get("isKnown") or issue.get("severity", "error") != "error" or issue.get("isFailure") is False:
            continue
        # Module.Suite/function()/File.swift:line:column; an issue of no test has no ID.
        names.append(re.sub(r"/[^/]+\.swift:\d+:\d+$", "", event.get("testID", "")))
    return list(dict.fromkeys(names)) if ended else None


def main(path, limit="3"):
    names = failed(Path(path).read_text(encoding="utf-8").splitlines()) if Path(path).exists() else None
    if names is None:
        return "the run of the tests did not end: nothing is run again"
    if not names or "" in names or len(names) > int(limit):
        return f"{len(names)} tests failed, or something that is none: nothing is run again"
    for name in names:
        print("^" + re.sub(r"[^\w/` ]", r"\\\g<0>", name) + "(/|$)")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
