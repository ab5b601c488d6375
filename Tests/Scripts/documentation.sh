#!/usr/bin/env bash
# Checks the documentation against the code: links, headings, make targets, environment variables, names of tests,
# log lines. Then gives the same checks a copy with known faults, each of which must be found. Prints why and leaves with 77
# where there is no python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v python3 >/dev/null; then
    echo "python3 is not installed" >&2
    exit 77
fi

code=0
python3 Tests/Scripts/links.py || code=1
python3 Tests/Scripts/log_lines.py || code=1
[ "$code" = 0 ] || exit 1

broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
mkdir -p "$broken/docs" "$broken/Tests/LocalBroker"
echo "@Option(name: .short) var port = 0" >"$broken/Tests/LocalBroker/Main.swift"
echo "struct FewTests { func here() {} } // docs/settings.md, docs/none.md" >"$broken/Tests/FewTests.swift"
cp Makefile "$broken"
grep -E '^(#|\| `[A-Z_]+` \|)' docs/settings.md >"$broken/docs/settings.md"
cat >"$broken/README.md" <<'PAGE'
# Broken

## A heading

[settings](docs/settings.md) [right](#a-heading) [gone](docs/gone.md) [wrong](#no-heading) [wrong too](docs/settings.md#no-setting)

    make nothing

Set `BROKER_URI`, never `SOME_VARIABLE`; `make neither` does. Not code: make whatever, `HEALTH_PORT`.
`local-broker --port 0 --nothing -- --no-matter`, `manager:dev --nothing`, `GoneTests`, `FewTests.gone`, `FewTests.here`.
PAGE
echo "# Orphan" >"$broken/docs/orphan.md"
sed -e '/^| warn | `manager` | `worker exited`/d' -e 's/`contract refused`/`contract was refused`/' docs/operations.md \
    >"$broken/operations.md"

expected="README.md:5: docs/gone.md is not there
README.md:5: README.md has no heading for #no-heading
README.md:5: settings.md has no heading for #no-setting
README.md:7: the Makefile has no target nothing
README.md:9: BROKER_URI begins like a setting, and docs/settings.md has no such row
README.md:9: nothing in Sources, Tests or deploy knows SOME_VARIABLE
README.md:9: the Makefile has no target neither
README.md:10: local-broker has no option --nothing
README.md:10: there is no suite GoneTests
README.md:10: FewTests has no test gone
Tests/FewTests.swift: docs/none.md is not there
docs/orphan.md: no link leads here from README.md
operations.md has, the code has not: | warn | \`publisher\` | \`contract was refused\` |
operations.md lacks: | warn | \`manager\` | \`worker exited\` |
operations.md lacks: | warn | \`publisher\` | \`contract refused\` |"
rows=$(python3 Tests/Scripts/log_lines.py "$broken/operations.md" || true)
rm "$broken/operations.md"
found=$({ python3 Tests/Scripts/links.py "$broken" || true; echo "$rows"; } | sed -E 's/^FAIL //; s/ \([^()]*\)$//' | sort)
if [ "$found" != "$(sort <<<"$expected")" ]; then
    echo "FAIL in a page with known faults the checks found (<) instead of what is there (>):" >&2
    diff <(echo "$found") <(sort <<<"$expected") >&2 || true
    exit 1
fi
echo "$(wc -l <<<"$expected") faults in a copy are all found, and nothing else"
