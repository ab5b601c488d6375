"""The instructions of a Dockerfile, and what its last stage says about a container.

What is understood is what deploy/Dockerfile uses; anything else is an error, so that the two cannot drift apart unseen.
"""

import json
import pathlib
import re
import shlex

KEYWORDS = {
    "RUN",
    "COPY",
    "ENV",
    "VOLUME",
    "EXPOSE",
    "USER",
    "WORKDIR",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ARG",
    "LABEL",
    "ENTRYPOINT",
}


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
