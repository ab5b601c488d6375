#!/usr/bin/env python3
"""Counts what a directory of contracts holds, without any of our Swift code: the second opinion of the corpus test.

    corpus_counts.py DIRECTORY

Prints one `name=value` line per count and one `invalid=FILE` line per invalid file. Standard library only.
"""
import json
import os
import sys
from itertools import combinations


def load(path):
    with open(path, "rb") as file:
        text = file.read().decode("utf-8-sig")
    # Lexemes instead of numbers: 1 and 1.0 are different contents.
    return json.loads(text, parse_int=lambda s: ("int", s), parse_float=lambda s: ("float", s))


def pair_of(document):
    """(consumer, provider), or None where the document is no contract."""
    if not isinstance(document, dict):
        return None
    names = []
    for role in ("consumer", "provider"):
        party = document.get(role)
        name = party.get("name") if isinstance(party, dict) else None
        if not isinstance(name, str) or not name.strip():
            return None
        names.append(name)
    if not any(isinstance(document.get(key), list) for key in ("interactions", "messages")):
        return None
    return tuple(names)


def major(document):
    """The major version of the specification as text, or None where none is named."""
    metadata = document.get("metadata") or {}
    for key in ("pactSpecification", "pact-specification"):
        version = (metadata.get(key) or {}).get("version")
        if version:
            return str(version).split(".")[0]
    version = metadata.get("pactSpecificationVersion")
    return str(version).split(".")[0] if version else None


def states(interaction):
    many = interaction.get("providerStates")
    if isinstance(many, list):
        return [[s.get("name"), s.get("params") or {}] if isinstance(s, dict) else [s, {}] for s in many]
    one = interaction.get("providerState") or interaction.get("provider_state")
    return [[one, {}]] if one is not None else []


def identity(interaction):
    kind = interaction.get("type", "Synchronous/HTTP")
    return json.dumps([kind, interaction.get("description"), states(interaction)], sort_keys=True)


def contradicts(a, b):
    """Whether two documents hold different contents under the same description and state."""
    for key in ("interactions", "messages"):
        left = {}
        for interaction in a.get(key) or []:
            left.setdefault(identity(interaction), []).append(interaction)
        for interaction in b.get(key) or []:
            known = left.get(identity(interaction))
            if known and interaction not in known:
                return True
    return False


def main(directory):
    files = sorted(n for n in os.listdir(directory) if n.endswith(".json") and not n.startswith(".."))
    invalid = []
    pairs = {}
    for name in files:
        try:
            document = load(os.path.join(directory, name))
        except ValueError:
            document = None
        pair = pair_of(document)
        if pair is None:
            invalid.append(name)
        else:
            pairs.setdefault(pair, []).append(document)
    several = [documents for documents in pairs.values() if len(documents) > 1]
    conflicts = sum(any(contradicts(a, b) for a, b in combinations(ds, 2)) for ds in several)
    mixed = sum(len({major(d) for d in ds} - {None}) > 1 for ds in several)
    either = sum(
        any(contradicts(a, b) for a, b in combinations(ds, 2)) or len({major(d) for d in ds} - {None}) > 1
        for ds in several
    )
    print(f"files={len(files)}")
    print(f"pairs={len(pairs)}")
    print(f"conflicts={conflicts}")
    print(f"mixed={mixed}")
    print(f"problems={either}")
    for name in invalid:
        print(f"invalid={name}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
