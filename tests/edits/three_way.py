"""Writes the cases of a hunk whose file moves on: one JSON object a line, each with the truth.

    python3 three_way.py FOLDER    writes FOLDER/three_way.jsonl and FOLDER/versions/

The truth is the publisher's: a file moves on by changes that were published beside the hunk or
after it, and what comes out with the hunk, or without it, must be that version, byte for byte.
What publishers seldom do is made, in moved_on.py. Texts are written as versions with lines
replaced, so that the cases stay small.
"""

import difflib
import json
import random
import re
import sys
from pathlib import Path

import moved_on
import packages
from three_way_case import Text, case, is_clear

MOST_OF_A_FILE = 12
MOST_OF_A_PACKAGE = 110
LONGEST = 25


def main(folder):
    (folder / "versions").mkdir(parents=True, exist_ok=True)
    written, count = {}, 0
    with open(folder / "three_way.jsonl", "w") as out:
        for name, texts in packages.versions(folder):
            found = 0
            for at, (older, newer) in enumerate(zip(texts, texts[1:])):
                later = texts[at + 2] if at + 2 < len(texts) else {}
                for path in sorted(older.keys() & newer.keys()):
                    versions = [lines(text) for text in (older[path], newer[path])]
                    if None in versions or versions[0] == versions[1]:
                        continue
                    steps = hunks(*versions)
                    wanted = [hunk for hunk in steps if is_hunk(hunk, *versions)]
                    for hunk in wanted[: min(MOST_OF_A_FILE, MOST_OF_A_PACKAGE - found)]:
                        found += 1
                        label = f"{name}/{path}:{hunk[0] + 1}"
                        dice = random.Random(f"{label} {at}")
                        third = lines(later[path]) if path in later else None
                        found_cases = [
                            *cases(*versions, third, steps, hunk, dice),
                            *moved_on.cases(versions[0], hunk, versions[1], label),
                        ]
                        for one in found_cases:
                            one["name"] = label
                            write(one, out, written, folder / "versions")
            count += found
    print(f"{count} hunks that a file moves on around", file=sys.stderr)


def lines(text):
    """The lines of a text that breaks them with LF only and ends with one."""
    if "\r" in text or not text.endswith("\n"):
        return None
    return re.findall(r"[^\n]*\n", text)


def hunks(old, new):
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [codes[1:] for codes in matcher.get_opcodes() if codes[0] != "equal"]


def is_hunk(hunk, old, new):
    start, end, new_start, new_end = hunk
    says = re.search(r"\w", "".join(old[start:end] + new[new_start:new_end]))
    return says and end - start <= LONGEST and new_end - new_start <= LONGEST


def cases(old, new, third, steps, hunk, dice):
    """The hunk of `old` to `new`, forwards and back, while the file moves on around it."""
    others = [other for other in steps if other != hunk]
    back = [other[2:] + other[:2] for other in [hunk, *others]]
    for way, base, goal, one, rest in [
        ("its own step", old, new, hunk, others),
        ("its own step, backwards", new, old, back[0], back[1:]),
    ]:
        whole = Text(goal)
        if rest:
            yield from both(way, base, whole, one, rest, goal)
        half = [other for other in rest if dice.random() < 0.5]
        if 0 < len(half) < len(rest):
            undone = [other for other in rest if other not in half]
            patches = [(s, e, base[b:c]) for b, c, s, e in undone]
            yield from both(f"half of {way}", base, Text(goal, patches), one, half, goal)
        yield from alone(base, goal, one)
    if third is not None and third != new:
        start, end, new_start, new_end = hunk
        after = carried(new, third, new_start, new_end)
        if after is not None:
            moved = (start, end, after, after + new_end - new_start)
            yield from both("the step after it, too", old, Text(third), moved, None, third)
        if others:
            yield from reverted(old, new, hunk, others)


def carried(new, third, start, end):
    """Where some lines of one version begin in the next, if they and one beside are as they were."""
    around = max(0, start - 1), min(len(new), end + 1)
    matcher = difflib.SequenceMatcher(None, new, third, autojunk=False)
    for at, then, size in matcher.get_matching_blocks():
        if at <= around[0] and around[1] <= at + size:
            return then + start - at
    return None


def both(way, base, goal, hunk, others, version):
    """The hunk is pending while the file moves on, and is accepted; or applied, and is undone."""
    start, end, new_start, new_end = hunk
    old_lines, new_lines = base[start:end], version[new_start:new_end]
    with_hunk = Text(base, [(start, end, new_lines)])
    without = Text(version, [*goal.patches, (new_start, new_end, old_lines)])
    at, _ = goal.place(new_start, new_end)
    there, here = without.lines(), goal.lines()
    count, size = end - start, new_end - new_start
    clear = is_clear(base, start, count, there, at)
    yield case(f"pending: {way}", Text(base), with_hunk, without, [goal], False, clear)
    clear = is_clear(with_hunk.lines(), start, size, here, at)
    yield case(f"applied: {way}", Text(base), with_hunk, goal, [without], True, clear)


def reverted(old, new, hunk, others):
    """The hunk is applied; then the file is another version without it: undo has nothing to do."""
    start, end, new_start, new_end = hunk
    with_hunk = Text(old, [(start, end, new[new_start:new_end])])
    without = Text(new, [(new_start, new_end, old[start:end])])
    there, whole = without.lines(), Text(new)
    clear = is_clear(old, start, end - start, there, new_start)
    yield case("taken back: its own step", Text(old), with_hunk, without, [without], True, clear)
    clear = is_clear(with_hunk.lines(), start, new_end - new_start, new, new_start)
    yield case("made: its own step", Text(old), with_hunk, whole, [whole], False, clear)


def alone(base, goal, hunk):
    """Nothing else moves on; the hunk itself is made, or taken back."""
    start, end, new_start, new_end = hunk
    old, with_hunk = Text(base), Text(base, [(start, end, goal[new_start:new_end])])
    yield case("made: alone", old, with_hunk, with_hunk, [with_hunk], False, True)
    yield case("taken back: alone", old, with_hunk, old, [old], True, True)


def write(case, out, written, folder):
    [(start, end, new)] = case["with"].patches
    case["hunk"], case["new"] = [start, end], "".join(new)

    def kept(text):
        version = "".join(text.version)
        if version not in written:
            written[version] = str(len(written))
            (folder / written[version]).write_bytes(version.encode())
        return [written[version], [[start, end, "".join(new)] for start, end, new in text.patches]]

    for key in ["old", "with", "now"]:
        case[key] = kept(case[key])
    case["truths"] = [kept(truth) for truth in case["truths"]]
    json.dump(case, out)
    out.write("\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
