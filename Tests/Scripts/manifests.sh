#!/usr/bin/env bash
# Validates deploy/kubernetes against the schemas of Kubernetes 1.29 (the first with sidecars on by default) and of the newest
# that the validator knows: PyPI kubernetes-validate, in a virtual environment of this checkout. Unknown fields are
# errors. Prints why on standard error and leaves with 77 where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=1.37.0
venv=.build/manifests-venv

if [ ! -x "$venv/bin/kubernetes-validate" ]; then
    if ! command -v python3 >/dev/null; then
        echo "python3 is not installed" >&2
        exit 77
    fi
    # Debian keeps the module apart, and refuses pip outside of a virtual environment (PEP 668).
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            { apt-get update && apt-get install -y --no-install-recommends python3-venv; } >&2 || true
        fi
    fi
    rm -rf "$venv"
    if ! python3 -m venv "$venv" >&2; then
        rm -rf "$venv"
        echo "python3 -m venv does not work; install python3-venv" >&2
        exit 77
    fi
    if ! "$venv/bin/pip" install --quiet --disable-pip-version-check "kubernetes-validate==$version" >&2; then
        rm -rf "$venv"
        echo "kubernetes-validate $version could not be installed" >&2
        exit 77
    fi
fi

files=(deploy/kubernetes/*.yaml)
for kubernetes in 1.29.0 1.37.0; do
    "$venv/bin/kubernetes-validate" --strict -k "$kubernetes" "${files[@]}"
done

# A validator that lets everything pass would say the same.
broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
sed 's/^    verbs:/    verb:/' deploy/kubernetes/rbac.yaml >"$broken/rbac.yaml"
if "$venv/bin/kubernetes-validate" --strict --quiet "$broken/rbac.yaml" >/dev/null 2>&1; then
    echo "FAIL the validator takes a Role without verbs" >&2
    exit 1
fi
echo "a Role with a misspelt field is refused"
