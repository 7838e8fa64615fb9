"""Changes between versions, as somebody would have asked an editor to make them."""

import difflib
import re
from dataclasses import dataclass

MOST_OF_A_FILE = 12
MOST_OF_A_PACKAGE = 110
LONGEST = 25


@dataclass
class Hunk:
    """Lines `start` to `end` of `base` become `new`. Lines have their breaks."""

    name: str
    base: list
    start: int
    end: int
    new: list
    # How many lines before and after are quoted.
    before: int
    after: int

    def quoted(self):
        """What is quoted, and what is to stand there."""
        head = self.base[self.start - self.before : self.start]
        tail = self.base[self.end : self.end + self.after]
        return head + self.base[self.start : self.end] + tail, head + self.new + tail

    @property
    def first(self):
        return self.start - self.before

    @property
    def last(self):
        return self.end + self.after

    @property
    def inserts(self):
        return self.start == self.end


def hunks(name, texts):
    """The hunks between the versions of one package, at most so many of a file."""
    found = 0
    for older, newer in zip(texts, texts[1:]):
        for path in sorted(older.keys() & newer.keys()):
            of_file = list(between(f"{name}/{path}", older[path], newer[path]))
            for hunk in of_file[:MOST_OF_A_FILE]:
                if found < MOST_OF_A_PACKAGE:
                    found += 1
                    yield hunk


def between(name, older, newer):
    if older == newer or "\r" in older + newer or not older.endswith("\n"):
        return
    old, new = older.splitlines(keepends=True), newer.splitlines(keepends=True)
    # Some signs that Python breaks lines at are no line breaks.
    if "".join(old).count("\n") != len(old) or "".join(new).count("\n") != len(new):
        return
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        lines = new[new_start:new_end]
        says = re.search(r"\w", "".join(old[start:end] + lines))
        if kind == "equal" or not says or end - start > LONGEST or len(lines) > LONGEST:
            continue
        hunk = with_context(name, old, start, end, lines)
        if hunk:
            yield hunk


def with_context(name, base, start, end, new):
    """As many lines around as make the place the only one, three at least."""
    for around in range(3, 9):
        before, after = min(around, start), min(around, len(base) - end)
        hunk = Hunk(name, base, start, end, new, before, after)
        old, wanted = hunk.quoted()
        if occurrences(base, old, plain) == 1 and old != wanted and says_enough(old):
            return hunk
    return None


def says_enough(lines):
    return sum(bool(re.search(r"\w{3}", line)) for line in lines) >= 3


def plain(line):
    """The line without anything that somebody might not see."""
    signs = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
                           "\u2013": "-", "\u2014": "-", "\u00a0": " "})
    return " ".join(line.translate(signs).split())


def occurrences(lines, wanted, form):
    """How often some lines stand in others, blank lines aside."""
    forms = [form(line) for line in lines if line.strip()]
    wanted = [form(line) for line in wanted if line.strip()]
    if not wanted:
        return 0
    count = len(wanted)
    return sum(forms[at : at + count] == wanted for at in range(len(forms) - count + 1))
