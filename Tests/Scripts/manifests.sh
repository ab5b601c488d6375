#!/usr/bin/env bash
# Builds deploy/kubernetes with kustomize and checks every object: against the schemas of the oldest Kubernetes that has what is
# used, of one between, and of the newest that the validator knows (PyPI kubernetes-validate, in a virtual environment of this
# checkout; unknown fields are errors), then by rules of our own (manifest_rules.py), each with a broken copy; then runs the
# manager of the built objects with their environment and probes.
# manifests.sh [DIRECTORY-OF-PROGRAMS]: without one nothing is run. Prints why on standard error and leaves with 77 where
# what it needs cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=${1:-}
export PYTHONDONTWRITEBYTECODE=1

# 1.27: the kustomize in it is 5.0, the first that takes everything that is used here.
client=$(kubectl version --client -o json 2>/dev/null || true)
minor=$(sed -n 's/.*"gitVersion": *"v1\.\([0-9]*\).*/\1/p' <<<"$client" | head -n 1)
if [ -z "$minor" ] || [ "$minor" -lt 27 ]; then
    echo "kubectl is not installed, or older than 1.27: 1.${minor:-none}" >&2
    exit 77
fi

# PyYAML comes with it.
venv=$(Tests/Scripts/venv.sh manifests kubernetes-validate==1.37.0)

built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
for overlay in base overlays/native-sidecar overlays/separate-mocks overlays/restricted; do
    file=$built/$(basename "$overlay").yaml
    # Anything on standard error (a deprecated field, for example) is a failure.
    if ! kubectl kustomize "deploy/kubernetes/$overlay" >"$file" 2>"$built/errors" || [ -s "$built/errors" ]; then
        cat "$built/errors" >&2
        echo "FAIL kustomize does not build $overlay" >&2
        exit 1
    fi
    # Sidecars are on by default since 1.29; 1.25 is the first with Pod Security, and the oldest that the validator knows.
    oldest=1.25
    if [ "$overlay" = overlays/native-sidecar ]; then oldest=1.29; fi
    for kubernetes in $oldest 1.33 1.37; do
        "$venv/bin/kubernetes-validate" --strict --quiet -k "$kubernetes.0" "$file"
    done
    echo "ok   $overlay: $(grep -c '^kind: ' "$file") objects, valid for Kubernetes $oldest, 1.33 and 1.37"
done
"$venv/bin/kubernetes-validate" --strict --quiet -k 1.37.0 deploy/helm/manager-service.yaml

# A validator that lets everything pass would say the same.
refuse() {
    sed "$2" "$built/native-sidecar.yaml" >"$built/broken.yaml"
    if cmp -s "$built/broken.yaml" "$built/native-sidecar.yaml"; then
        echo "FAIL nothing is broken by: $2" >&2
        exit 1
    fi
    if "$venv/bin/kubernetes-validate" --strict --quiet -k "$3" "$built/broken.yaml" >/dev/null 2>&1; then
        echo "FAIL the validator takes $1" >&2
        exit 1
    fi
    echo "ok   refused: $1"
}
refuse "a Role without verbs" 's/^  verbs:/  verb:/' 1.37.0
refuse "a port that is a text with a letter" 's/containerPort: 8081/containerPort: x8081/' 1.37.0
refuse "a misspelt probe" 's/readinessProbe:/readynessProbe:/' 1.29.0
refuse "a sidecar where there are none" 's/^kind: Namespace/&  # 1.27/' 1.27.0

# wait-for-contract runs in other images: the static one (`make gate`), or GATE=FILE. The one beside the programs is not, and
# refuses to be installed.
gate=${GATE:-.build-gate/wait-for-contract}
if [ -x "$gate" ]; then
    export GATE=$gate
elif [ -n "${GATE:-}" ]; then
    echo "FAIL GATE=$GATE is no program" >&2
    exit 1
fi
"$venv/bin/python" Tests/Scripts/manifests.py "$built" ${programs:+"$programs"}
