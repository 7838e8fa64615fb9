"""A hunk whose file moves on, and whether there is one right place for it then."""

import re

AROUND = 3


class Text:
    """A version of a file with some of its lines replaced: `patches` of (start, end, lines)."""

    def __init__(self, version, patches=()):
        self.version, self.patches = version, sorted(patches)

    def lines(self):
        lines = list(self.version)
        for start, end, new in reversed(self.patches):
            lines[start:end] = new
        return lines

    def place(self, start, end):
        """Where lines of the version between its patches are in the text."""
        shift = sum(len(new) - (stop - at) for at, stop, new in self.patches if stop <= start)
        return start + shift, end + shift


def is_clear(then, start, size, now, at):
    """Whether the lines of a hunk, with those beside it that stayed, stand there only once."""
    head = tail = 0
    while head < AROUND and min(start, at) > head and then[start - head - 1] == now[at - head - 1]:
        head += 1
    rest = min(len(then) - start, len(now) - at) - size
    while tail < AROUND and tail < rest and then[start + size + tail] == now[at + size + tail]:
        tail += 1
    quoted = then[start - head : start + size + tail]
    return says("".join(quoted)) and occurrences(then, quoted) == 1 and occurrences(now, quoted) == 1


def says(text):
    """Whether there is a word in it."""
    return bool(re.search(r"\w{3}", text))


def occurrences(lines, wanted):
    count = len(wanted)
    return sum(lines[at : at + count] == wanted for at in range(len(lines) - count + 1))


def case(way, old, with_hunk, now, truths, undo, clear):
    """The `truths` are what may come out; none if it must be refused."""
    return {
        "way": way,
        "old": old,
        "with": with_hunk,
        "now": now,
        "truths": truths,
        "undo": undo,
        "clear": clear,
    }
