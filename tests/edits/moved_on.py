"""What may happen to a file around a hunk: each way is made, so that it is known what is right.

A way gives changes of lines outside of the hunk, as (start, end, lines) of the file before; the
hunk belongs where its lines are. Where nobody can know that, no truth is given: it must be refused.
"""

import random
import re

from three_way_case import Text, case, is_clear, occurrences, says

# Lines between a hunk and what happens elsewhere.
APART = 4
FAR = 12
# Lines that a block has around the hunk.
BLOCK = 4


class Hunk:
    def __init__(self, old, hunk, version, dice):
        self.old, self.dice = old, dice
        self.start, self.end = hunk[:2]
        self.new = version[hunk[2] : hunk[3]]

    def patch(self):
        return self.start, self.end, self.new

    def some_lines(self):
        """A few lines as this file has them."""
        start = self.dice.randrange(len(self.old))
        return self.old[start : start + self.dice.randint(1, 4)]

    def another_line(self, than):
        """A line that has no word in common with some others."""
        taken = words("".join(than))
        lines = [line for line in self.old + self.new if says(line) and not words(line) & taken]
        return self.dice.choice(lines) if lines else None

    def block(self, around):
        start, end = self.start - around, self.end + around
        return (start, end) if 0 <= start and end <= len(self.old) else None


def cases(old, hunk, version, label):
    for way in WAYS:
        # Each case depends on its hunk and way only, so that a new way changes no other.
        dice = random.Random(f"{label} {way.__name__}")
        it = Hunk(old, hunk, version, dice)
        name = way.__name__.replace("_", " ")
        yield from way(it, name, dice.random() < 0.5)


def around(hunk, name, undo, others):
    """Lines elsewhere change, the hunk's own do not."""
    start, size = hunk.start, len(hunk.new) if undo else hunk.end - hunk.start
    shift = sum(len(new) - (end - at) for at, end, new in others if at < start or end <= start)
    with_hunk, without = Text(hunk.old, [*others, hunk.patch()]), Text(hunk.old, others)
    before = Text(hunk.old, [hunk.patch()]) if undo else Text(hunk.old)
    now, truth = (with_hunk, without) if undo else (without, with_hunk)
    clear = is_clear(before.lines(), start, size, now.lines(), start + shift)
    yield made(hunk, name, undo, now, [truth], clear)


def made(hunk, name, undo, now, truths, clear):
    name = f"{'applied' if undo else 'pending'}: {name}"
    return case(name, Text(hunk.old), Text(hunk.old, [hunk.patch()]), now, truths, undo, clear)


def lines_added_above(hunk, name, undo):
    if hunk.start >= APART:
        at = hunk.dice.randint(max(0, hunk.start - 30), hunk.start - APART)
        yield from around(hunk, name, undo, [(at, at, hunk.some_lines())])


def lines_added_below(hunk, name, undo):
    if hunk.end + APART <= len(hunk.old):
        at = hunk.dice.randint(hunk.end + APART, min(len(hunk.old), hunk.end + 30))
        yield from around(hunk, name, undo, [(at, at, hunk.some_lines())])


def line_added_beside_its_neighbour(hunk, name, undo):
    above = hunk.dice.random() < 0.5
    at = hunk.start - 1 if above else hunk.end + 1
    line = hunk.another_line(hunk.old[max(0, at - 3) : at + 3])
    if 0 <= at <= len(hunk.old) and line:
        yield from around(hunk, name, undo, [(at, at, [line])])


def neighbour_changed(hunk, name, undo):
    above = hunk.dice.random() < 0.5
    at = hunk.start - 1 if above else hunk.end
    line = hunk.old[at] if 0 <= at < len(hunk.old) else ""
    words = list(re.finditer(r"\w{3,}", line))
    if words:
        word = hunk.dice.choice(words)
        line = f"{line[: word.start()]}{word[0]}_2{line[word.end() :]}"
        yield from around(hunk, name, undo, [(at, at + 1, [line])])


def line_near_it_gone(hunk, name, undo):
    above = hunk.dice.random() < 0.5
    at = hunk.start - 2 if above else hunk.end + 1
    if 0 <= at < len(hunk.old):
        yield from around(hunk, name, undo, [(at, at + 1, [])])


def several_of_these(hunk, name, undo):
    others = []
    for at in range(hunk.dice.randrange(9), len(hunk.old), 9 + hunk.dice.randrange(9)):
        if at + 2 <= hunk.start or hunk.end < at:
            gone = hunk.dice.randrange(2)
            new = hunk.some_lines() if hunk.dice.random() < 0.6 else []
            others.append((at, min(at + gone, len(hunk.old)), new))
    yield from around(hunk, name, undo, others)


def reformatted_elsewhere(hunk, name, undo):
    start, end = hunk.start - APART, hunk.end + APART
    lines = [it if start <= at < end else indented(it) for at, it in enumerate(hunk.old)]
    if lines != hunk.old:
        yield from rewritten(hunk, name, undo, lines, hunk.new)


def block_moved(hunk, name, undo):
    block = hunk.block(BLOCK)
    at = elsewhere(hunk, block) if block else None
    if at is not None:
        start, end = block
        gone, lines = (start, end, []), hunk.old[start:end]
        changed = lines[:BLOCK] + hunk.new + lines[len(lines) - BLOCK :]
        without, with_hunk = (Text(hunk.old, [gone, (at, at, it)]) for it in (lines, changed))
        now, truth = (with_hunk, without) if undo else (without, with_hunk)
        before = Text(hunk.old, [hunk.patch()] if undo else []).lines()
        whole = changed if undo else lines
        clear = occurrences(before, whole) == 1 and sum(map(says, whole)) >= 4
        yield made(hunk, name, undo, now, [truth], clear)


def copied_far_away(hunk, name, undo):
    block = hunk.block(BLOCK)
    at = elsewhere(hunk, block) if block else None
    if at is not None:
        start, end = block
        lines = hunk.old[start:end]
        copy = lines[:BLOCK] + hunk.new + lines[len(lines) - BLOCK :] if undo else lines
        without, with_hunk = (
            Text(hunk.old, [(at, at, copy), *it]) for it in ([], [hunk.patch()])
        )
        now, truth = (with_hunk, without) if undo else (without, with_hunk)
        between = hunk.old[end:at] or hunk.old[at:start]
        telling = [line for line in between if says(line) and hunk.old.count(line) == 1]
        yield made(hunk, name, undo, now, [truth], len(telling) >= 3)


def elsewhere(hunk, block):
    """A line far from a block."""
    start, end = block
    places = [*range(0, start - FAR), *range(end + FAR, len(hunk.old) + 1)]
    return hunk.dice.choice(places) if places else None


def copied_beside_it(hunk, name, undo):
    """Nobody knows which of the two was there."""
    block = hunk.block(2)
    if block:
        start, end = block
        lines = hunk.old[start:end]
        changed = lines[:2] + hunk.new + lines[len(lines) - 2 :]
        now, other = (changed, lines) if undo else (lines, changed)
        if now + other != other + now:
            yield made(hunk, name, undo, Text(hunk.old, [(start, end, now + now)]), [], False)


def its_own_line_changed(hunk, name, undo):
    own = hunk.new if undo else hunk.old[hunk.start : hunk.end]
    line = hunk.another_line(hunk.new + hunk.old[hunk.start : hunk.end])
    if own and line:
        at = hunk.dice.randrange(len(own))
        changed = [*own[:at], line, *own[at + 1 :]]
        yield made(hunk, name, undo, Text(hunk.old, [(hunk.start, hunk.end, changed)]), [], False)


def line_added_in_what_it_wrote(hunk, name, _):
    """It stays when the hunk is undone."""
    line = hunk.another_line(hunk.new)
    if len(hunk.new) > 1 and hunk.start == hunk.end and line:
        at = hunk.dice.randrange(1, len(hunk.new))
        now = Text(hunk.old, [(hunk.start, hunk.end, [*hunk.new[:at], line, *hunk.new[at:]])])
        truth = Text(hunk.old, [(hunk.start, hunk.end, [line])])
        yield made(hunk, name, True, now, [truth], False)


def reformatted(hunk, name, undo):
    lines = [indented(line) for line in hunk.old]
    if lines != hunk.old:
        yield from rewritten(hunk, name, undo, lines, [indented(line) for line in hunk.new])


def line_endings(hunk, name, undo):
    old, new = ([f"{line[:-1]}\r\n" for line in lines] for lines in (hunk.old, hunk.new))
    without, with_hunk = Text(old), Text(old, [(hunk.start, hunk.end, new)])
    now, truth = (with_hunk, without) if undo else (without, with_hunk)
    yield made(hunk, name, undo, now, [truth], False)


def rewritten(hunk, name, undo, old, new):
    """Many lines change. If those of the hunk do, too, it may be refused, or go with them.

    If they do not, what the hunk puts in may come as it was written: nothing formats it.
    """
    own = slice(hunk.start, hunk.end)
    without, with_hunk = Text(old), Text(old, [(hunk.start, hunk.end, new)])
    now, truths = (with_hunk, [without]) if undo else (without, [with_hunk])
    if undo and new == hunk.new:
        truths.append(Text(old, [(hunk.start, hunk.end, hunk.old[own])]))
    elif not undo and old[own] == hunk.old[own]:
        truths.append(Text(old, [hunk.patch()]))
    beside = slice(max(0, hunk.start - 1), hunk.end + 1)
    clear = hunk.new == new and hunk.old[beside] == old[beside]
    before = Text(hunk.old, [hunk.patch()] if undo else []).lines()
    size = len(new) if undo else hunk.end - hunk.start
    clear = clear and is_clear(before, hunk.start, size, now.lines(), hunk.start)
    yield made(hunk, name, undo, now, truths, clear)


def words(text):
    return set(re.findall(r"\w{3,}", text))


def indented(line):
    """Four spaces for a tab or two; two for four."""
    space = re.match(r"[ \t]*", line)[0]
    new = re.sub(r"    |\t|  ", lambda it: "  " if it[0] == "    " else "    ", space)
    return new + line[len(space) :]


WAYS = [
    lines_added_above,
    lines_added_below,
    line_added_beside_its_neighbour,
    neighbour_changed,
    line_near_it_gone,
    several_of_these,
    reformatted_elsewhere,
    block_moved,
    copied_far_away,
    copied_beside_it,
    its_own_line_changed,
    line_added_in_what_it_wrote,
    reformatted,
    line_endings,
]
