"""What the scripts that look from outside have in common: say what holds, fail with what does not, wait with a deadline."""

import time
import urllib.error
import urllib.request


class Failed(Exception):
    """What was expected did not come, with what was seen."""


def say(*words):
    """What was looked at, and what was seen."""
    print("ok   " + ": ".join(map(str, words)), flush=True)


def expect(condition, *words):
    if not condition:
        raise Failed(": ".join(map(str, words)))
    say(*words)


def until(seconds, what, condition):
    """Looks until the condition gives something; a deadline, not a wait."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Failed(f"after {seconds} s: {what}")
        time.sleep(0.02)


def ask(url, method="GET", headers=None, body=None):
    """(status, body); 0 where nobody answers."""
    try:
        request = urllib.request.Request(url, method=method, headers=headers or {}, data=body)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""
