"""Checks deploy/kubernetes as kustomize builds it, and runs it: see manifests.sh.

manifests.py BUILT_DIRECTORY [PROGRAMS]: BUILT_DIRECTORY has base.yaml, native-sidecar.yaml and so on.
"""

import os
import pathlib
import sys

import yaml

import manifest_faults
import manifest_run
from manifest_overlays import OVERLAYS
from manifest_rules import ROOT


def main(directory, programs=None):
    built = {}
    for overlay, rules in OVERLAYS.items():
        path = pathlib.Path(directory) / f"{overlay.split('/')[-1]}.yaml"
        built[overlay] = list(yaml.safe_load_all(path.read_text()))
        wrong = [f"{rule.__name__}: {text}" for rule in rules for text in rule(built[overlay])]
        if wrong:
            return f"{overlay}\n  " + "\n  ".join(wrong)
        print(f"ok   {overlay}: {len(built[overlay])} objects, {len(rules)} rules")
    values = yaml.safe_load((ROOT / "deploy/helm/values.yaml").read_text())
    lost = list(manifest_faults.unnoticed(built, values))
    if lost:
        return f"nobody notices: {', '.join(lost)}"
    print(f"ok   {len(manifest_faults.FAULTS) + len(manifest_faults.VALUES)} broken copies, each refused by its rule")
    if not programs:
        print("not run: no directory of built programs given")
        return None
    try:
        manifest_run.own_network()
    except OSError as error:
        print(f"not run: {error}")
        return None
    try:
        manifest_run.run_base(built["base"], programs)
        for gate_open in (True, False):
            manifest_run.run_sidecars(built["overlays/native-sidecar"], programs, gate_open)
        if "GATE" in os.environ:
            manifest_run.run_gate(built["overlays/separate-mocks"], programs, os.environ["GATE"])
        else:
            print("not run: the gate; `make gate` builds it")
    except AssertionError as error:
        return str(error)
    return None


if __name__ == "__main__":
    problem = main(*sys.argv[1:])
    if problem:
        print(f"FAIL {problem}", file=sys.stderr)
        sys.exit(1)
