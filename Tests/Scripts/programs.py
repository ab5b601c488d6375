"""Programs that a check starts: what they say is kept, and they end before the directory that they write into."""

import contextlib
import pathlib
import re
import subprocess
import tempfile
import threading
import time

from checks import Failed

PATIENCE = 60


def end(process):
    """Ends a child process and waits until it has ended, killed if need be."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Program:
    """A child process; its output is read to the end, the lines kept."""

    def __init__(self, *command, environment=None, cwd=None):
        self.process = subprocess.Popen(
            command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
        )
        self.lines, self.has_ended, self.news = [], False, threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.has_ended = True
            self.news.notify_all()

    def text(self):
        with self.news:
            return "".join(self.lines)

    def says(self, pattern):
        """Waits for a line that matches, and returns the match."""
        expression, deadline, seen = re.compile(pattern), time.monotonic() + PATIENCE, 0
        with self.news:
            while True:
                for line in self.lines[seen:]:
                    if match := expression.search(line):
                        return match
                seen = len(self.lines)
                if self.has_ended or not self.news.wait(max(0, deadline - time.monotonic())):
                    raise Failed(f"{self.process.args[0]} never said {pattern}", "".join(self.lines[-20:]))

    def stop(self):
        end(self.process)


@contextlib.contextmanager
def work_directory():
    """(directory, start): a temporary directory and what starts a Program, until the end of both.

    The programs end first: a directory in which somebody still writes cannot be removed. The workers of a manager that had to
    be killed may still do: what they leave is no fault of what was checked."""
    programs = []

    def start(*command, **more):
        programs.append(Program(*command, **more))
        return programs[-1]

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        try:
            yield pathlib.Path(name), start
        finally:
            for program in reversed(programs):
                program.stop()
