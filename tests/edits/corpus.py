"""Writes the cases: one JSON object a line, each a call of the tool and the truth about it.

    python3 corpus.py FOLDER    writes FOLDER/cases.jsonl and FOLDER/texts/

Texts are written as differences from the file they come from, so that the cases stay small.
"""

import json
import random
import sys
from pathlib import Path

import hunks
import packages
import ways


def main(folder):
    texts = folder / "texts"
    texts.mkdir(parents=True, exist_ok=True)
    written, count = {}, 0
    with open(folder / "cases.jsonl", "w") as out:
        for name, versions in packages.versions(folder):
            found = list(hunks.hunks(name, versions))
            count += len(found)
            for case in cases(found):
                key = id(case.base)
                if key not in written:
                    written[key] = (str(len(written)), case.base)
                    data = ways.text(case.base).encode()
                    (texts / written[key][0]).write_bytes(data)
                json.dump(as_json(case, written[key][0]), out)
                out.write("\n")
    print(f"{count} hunks", file=sys.stderr)


def cases(found):
    for at, hunk in enumerate(found):
        for way in ways.ALL:
            # Each case depends on its hunk and way only, so that a new way changes no other.
            dice = random.Random(f"{hunk.name} {hunk.start} {way.__name__}")
            yield from way(hunk, dice)
        later = [other for other in found[at : at + 3] if other.base is hunk.base]
        apart = all(one.last <= other.first for one, other in zip(later, later[1:]))
        if len(later) > 1 and apart:
            yield ways.together(later, random.Random(f"{hunk.name} {hunk.start}"))


def as_json(case, base):
    front, back = case.keep
    return {
        "way": case.way,
        "name": case.name,
        "base": base,
        "now": difference(case.base, case.now),
        "seen": difference(case.base, case.seen),
        "shown": case.shown,
        "edits": case.edits,
        "keep": [size(case.now[:front]), size(case.now[len(case.now) - back :])],
        "accept": case.accept,
        "accept_unread": case.accept_unread,
        "loosely": case.loosely,
    }


def size(lines):
    return len(ways.text(lines).encode())


def difference(base, other):
    """How many bytes both have at the beginning and at the end, and what stands between."""
    most = min(len(base), len(other))
    front = next((at for at in range(most) if base[at] != other[at]), most)
    back = next((at for at in range(most - front) if base[-1 - at] != other[-1 - at]), most - front)
    between = other[front : len(other) - back]
    return [size(base[:front]), size(base[len(base) - back :]), ways.text(between)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
