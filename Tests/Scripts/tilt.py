"""Evaluates deploy/tilt/Tiltfile with a real Starlark interpreter (PyPI starlark-pyo3) and stand-ins for Tilt's functions,
which check what Tilt would: that paths exist, that the steps of a live update are in order and inside what is watched, that
an image is used by some container and a resource is among the objects. Parameters are named as in Tilt's own API.
"""

import os
import pathlib
import subprocess
import sys

import starlark
import yaml

import dockerfile

TILTFILE = pathlib.Path("deploy/tilt/Tiltfile")
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Wrong(Exception):
    """A sentence on what Tilt would refuse, or what cannot work."""


def expect(condition, text):
    if not condition:
        raise Wrong(text)


class Tilt:
    """What one evaluation registered."""

    def __init__(self, flags):
        self.flags, self.defined = flags, set()
        self.images, self.resources, self.local_resources = {}, {}, {}
        self.objects, self.watched, self.made = [], [], []

    def path(self, text):
        return (TILTFILE.parent / text).resolve()

    def existing(self, text):
        found = self.path(text)
        # What local_resource puts into a directory that was made is not there before it ran.
        later = self.local_resources and any(found.is_relative_to(place) and found != place for place in self.made)
        expect(later or found in self.made or found.exists(), f"{text} is not there")
        return found

    # Tilt's functions.
    def define_bool(self, name, args=False, usage=""):
        self.defined.add(name)

    def parse(self):
        expect(self.flags <= self.defined, f"{self.flags - self.defined} is not defined")
        return {name: True for name in self.flags}

    def read_file(self, file_path, default=None):
        return self.existing(file_path).read_text()

    def watch_file(self, file_path):
        self.watched.append(self.existing(file_path))

    def local(self, command):
        expect(command[:-1] == ["mkdir", "-p"], f"{command}: only mkdir -p has a stand-in")
        self.made.append(self.path(command[-1]))

    def local_resource(self, name, cmd, deps=None, labels=None):
        program = self.existing(cmd.split()[0])
        expect(os.access(program, os.X_OK), f"{cmd} cannot be run")
        self.local_resources[name] = [self.existing(dependency) for dependency in deps or []]

    def fall_back_on(self, files):
        return {"step": "fall_back_on", "paths": [str(self.existing(file)) for file in files]}

    def sync(self, local_path, remote_path):
        expect(remote_path.startswith("/"), f"sync to {remote_path}: not absolute")
        return {"step": "sync", "paths": [str(self.existing(local_path))], "to": remote_path}

    def run(self, cmd, trigger=None):
        return {"step": "run", "cmd": cmd}

    def docker_build(
        self, ref, context, dockerfile=None, dockerfile_contents=None, live_update=None, only=None, ignore=None
    ):
        expect(not (dockerfile and dockerfile_contents), "dockerfile and dockerfile_contents")
        context = self.existing(context)
        steps = [step["step"] for step in live_update or []]
        expect(steps == sorted(steps, key=["fall_back_on", "sync", "run"].index), f"live_update in the order {steps}")
        for step in live_update or []:
            for path in step.get("paths", []):
                expect(pathlib.Path(path).is_relative_to(context), f"{path} is outside of what the image watches")
        self.images[ref] = {
            "steps": live_update or [],
            "text": dockerfile_contents or self.existing(dockerfile).read_text(),
        }

    def kustomize(self, pathToDir):
        directory = self.existing(pathToDir)
        result = subprocess.run(["kubectl", "kustomize", directory], capture_output=True, text=True)
        expect(result.returncode == 0, f"kubectl kustomize {pathToDir}: {result.stderr.strip()}")
        return result.stdout

    def decode_yaml_stream(self, yaml_text):
        return list(yaml.safe_load_all(yaml_text))

    def encode_yaml_stream(self, objs):
        return yaml.safe_dump_all(objs)

    def k8s_yaml(self, text):
        self.objects += yaml.safe_load_all(text)

    def port_forward(self, local_port, container_port=None, name=None, link_path=None, host=None):
        return {"local": local_port, "container": container_port or local_port}

    def k8s_resource(self, workload, port_forwards=None, resource_deps=None, labels=None):
        self.resources[workload] = port_forwards or []
        expect(
            set(resource_deps or []) <= set(self.local_resources),
            f"{workload} depends on {resource_deps}, which are not all there",
        )


def evaluate(flags):
    tilt = Tilt(flags)
    module = starlark.Module()
    names = [name for name in vars(Tilt) if not name.startswith("_") and name not in ("path", "existing")]
    for name in names:
        module.add_callable(f"tilt_{name}", getattr(tilt, name))
    # One line, so that the lines of messages are almost the Tiltfile's.
    prelude = "; ".join(f"{name} = tilt_{name}" for name in names if name not in ("define_bool", "parse"))
    prelude += "; config = struct(define_bool = tilt_define_bool, parse = tilt_parse)\n"
    library = starlark.Globals.extended_by([starlark.LibraryExtension.StructType])
    program = starlark.parse(str(TILTFILE), prelude + TILTFILE.read_text(), starlark.Dialect.extended())
    starlark.eval(module, program, library)
    return tilt


def judge(tilt, live):
    manager = [
        container
        for item in tilt.objects
        if item["kind"] == "Deployment"
        for container in item["spec"]["template"]["spec"]["containers"]
        if container["name"] == "manager"
    ]
    expect(len(manager) == 1, "one manager is deployed")
    expect(manager[0]["image"].partition(":")[0] in tilt.images, f"{manager[0]['image']} is built")
    workloads = {item["metadata"]["name"] for item in tilt.objects if item["kind"] in ("Deployment", "StatefulSet")}
    expect(set(tilt.resources) <= workloads, f"{set(tilt.resources)} are workloads")
    ports = {
        port["containerPort"]
        for item in tilt.objects
        if item["kind"] == "Deployment"
        for container in item["spec"]["template"]["spec"]["containers"]
        for port in container.get("ports", [])
    }
    forwarded = {forward["container"] for forwards in tilt.resources.values() for forward in forwards}
    expect(forwarded <= ports, f"ports {forwarded} are containers'")
    expect(any("contracts" in str(path) for path in tilt.watched), "contracts are watched")
    read_only = manager[0]["securityContext"]["readOnlyRootFilesystem"]
    expect(read_only is not live, "the root is read-only unless files are replaced in it")
    if live:
        check_stage(tilt.images["manager"])


def check_stage(image):
    """The text that the Tiltfile makes of the Dockerfile is one, and its user may write where files are put."""
    text = image["text"]
    expect("--from=" not in text and "COPY . /usr/local/" in text, "the programs come from this machine")
    scratch = ROOT / ".build/tilt.Dockerfile"
    scratch.write_text(text)
    steps = dockerfile.stages(scratch)[-1][2]
    scratch.unlink()
    user = next(rest for keyword, rest in steps if keyword == "USER")
    (to,) = [step["to"] for step in image["steps"] if step["step"] == "sync"]
    expect(("RUN", f"chown -R {user} {to}") in steps, f"{user} may write to {to}")
    (command,) = [step["cmd"] for step in image["steps"] if step["step"] == "run"]
    expect(command == "kill -HUP 1", "the workers are restarted")


if __name__ == "__main__":
    os.chdir(ROOT)
    try:
        for flags in (set(), {"local-programs"}):
            judge(evaluate(flags), bool(flags))
            print(f"ok   {TILTFILE} {' '.join('--' + flag for flag in flags)}")
    except (Wrong, starlark.StarlarkError) as error:
        sys.exit(f"FAIL {TILTFILE}: {error}")
