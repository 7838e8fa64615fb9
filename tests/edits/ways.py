"""Ways in which a quoted text is not what stands in the file, each with the truth.

The truth comes from how a case is made: it is known where the hunk was and what was done to the
text around it. Nothing here looks for places as the tool does.
"""

import html
import json
import re

from hunks import occurrences, plain


class Case:
    """One call of the tool, and what may come of it.

    `keep` are the numbers of lines at the beginning and at the end of `now` that no edit may
    touch; what stands between them afterwards must be one of `accept`. None at all: the text has
    to stay as it is. `loosely` says what does not count in that: "breaks" or "trailing" or
    "typography".
    """

    def __init__(self, way, hunk, now, edits, keep, accept, loosely="", seen=None, shown=None,
                 accept_unread=None):
        self.way, self.name = way, hunk.name
        self.base = hunk.base
        self.now, self.edits, self.keep = now, edits, keep
        self.accept, self.loosely = accept, loosely
        self.seen = hunk.base if seen is None else seen
        self.shown = shown or (max(0, hunk.first - 15), min(len(self.seen), hunk.last + 15))
        self.accept_unread = accept if accept_unread is None else accept_unread


def text(lines):
    return "".join(lines)


def edit(old, new):
    return {"old_text": text(old).removesuffix("\n"), "new_text": text(new).removesuffix("\n")}


def whole(way, hunk, now, old, new, start, end, **more):
    """A case in which lines `start` to `end` of `now` become the hunk's new lines."""
    return Case(way, hunk, now, [edit(old, new)], (start, len(now) - end), [text(hunk.new)], **more)


def as_it_is(way, hunk, now, old, new, **more):
    """A case in which nothing may change."""
    return Case(way, hunk, now, [edit(old, new)], (len(now), 0), [], **more)


def exact(hunk, dice):
    old, new = hunk.quoted()
    yield whole("exact", hunk, hunk.base, old, new, hunk.start, hunk.end)


def typed_elsewhere(hunk, dice):
    """Somebody has typed in other parts of the file since it was read."""
    old, new = hunk.quoted()
    now, shift = list(hunk.base), 0
    for _ in range(3):
        at = dice.randrange(len(now) + 1)
        if at <= hunk.first + shift:
            shift += 1
        elif at < hunk.last + shift:
            continue
        now.insert(at, f"{dice.choice(WORDS)} {dice.choice(WORDS)}\n")
    yield whole("typed elsewhere", hunk, now, old, new, hunk.start + shift, hunk.end + shift)


def indented_otherwise(hunk, dice):
    old, new = hunk.quoted()
    filled = [line for line in old + new if line.strip()]
    indents = [line[: len(line) - len(line.lstrip())] for line in filled]
    forms = []
    common = min(len(indent) for indent in indents)
    if common and len(set("".join(indents))) == 1:
        forms.append(lambda line: line[common:] if line.strip() else line)
    if set("".join(indents)) == {" "}:
        for unit in (2, 4):
            if all(len(indent) % unit == 0 for indent in indents) and unit_of(hunk.base) == unit:
                forms.append(lambda line, unit=unit: reindented(line, " " * unit, "\t"))
                forms.append(lambda line, unit=unit: reindented(line, " " * unit, " " * (6 - unit)))
    elif set("".join(indents)) == {"\t"}:
        forms.append(lambda line: reindented(line, "\t", "    "))
        forms.append(lambda line: reindented(line, "\t", "  "))
    if forms:
        form = dice.choice(forms)
        before = old
        old, new = [form(line) for line in old], [form(line) for line in new]
        # Without an indented line in what is quoted, nobody can see what became of the others.
        if old != before:
            yield whole("indentation", hunk, hunk.base, old, new, hunk.start, hunk.end)


def unit_of(lines):
    """What the lines of a file go in by, if they are of one mind."""
    indents = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
    steps = [b - a for a, b in zip(indents, indents[1:]) if b - a > 1]
    usual = max(set(steps), key=steps.count, default=0)
    return usual if steps and steps.count(usual) > len(steps) * 0.6 else 0


def reindented(line, one, other):
    indent = line[: len(line) - len(line.lstrip())]
    return indent.replace(one, other) + line.lstrip() if line.strip() else line


def line_breaks(hunk, dice):
    old, new = hunk.quoted()
    for way, breaks in [("CRLF", ["\r\n"]), ("CR", ["\r"]), ("mixed line breaks", ["\n", "\r\n"])]:
        if len(breaks) > 1 and slides(hunk):
            continue
        now = [line[:-1] + dice.choice(breaks) for line in hunk.base]
        accept = [line[:-1] + breaks[0] for line in hunk.new]
        loosely = "breaks" if len(breaks) > 1 else ""
        keep = (hunk.start, len(now) - hunk.end)
        yield Case(way, hunk, now, [edit(old, new)], keep, [text(accept)], loosely, seen=now)


def slides(hunk):
    """Whether the same change can be made a line further up or down: nobody can say then which of
    two equal lines is the old one, so nothing may depend on it."""
    lines = hunk.new if hunk.inserts else hunk.base[hunk.start : hunk.end]
    if not lines or not (hunk.inserts or not hunk.new):
        ends = (hunk.base[hunk.start : hunk.start + 1] + hunk.new[:1], hunk.base[hunk.end - 1 : hunk.end] + hunk.new[-1:])
        return any(not line.strip() for lines in ends for line in lines)
    above, below = hunk.base[hunk.start - 1 : hunk.start], hunk.base[hunk.end : hunk.end + 1]
    return lines[-1:] == above or lines[:1] == below


def mark_and_end(hunk, dice):
    """A byte-order mark, and no line break at the end."""
    old, new = hunk.quoted()
    now = list(hunk.base)
    now[0] = "\ufeff" + now[0]
    now[-1] = now[-1][:-1]
    if hunk.start > 0 and hunk.end < len(now):
        yield whole("mark, no last break", hunk, now, old, new, hunk.start, hunk.end, seen=now)


def trailing_space(hunk, dice):
    """In the file, or in what is quoted."""
    def spoiled(lines):
        return [line[:-1] + dice.choice(["", " ", "  ", "\t"]) + "\n" for line in lines]

    old, new = hunk.quoted()
    if dice.random() < 0.5 and not slides(hunk):
        now = hunk.base[: hunk.first] + spoiled(hunk.base[hunk.first : hunk.last]) + hunk.base[hunk.last :]
        yield whole("trailing space", hunk, now, old, new, hunk.start, hunk.end, loosely="trailing", seen=now)
    else:
        head, tail = spoiled(old[: hunk.before]), spoiled(old[len(old) - hunk.after :])
        middle = spoiled(old[hunk.before : len(old) - hunk.after])
        yield whole("trailing space", hunk, hunk.base, head + middle + tail, head + hunk.new + tail,
                    hunk.start, hunk.end, loosely="trailing")


def blank_lines(hunk, dice):
    """One between two lines around the hunk that says nothing to either."""
    places = [at for at in range(hunk.first + 1, hunk.last) if not hunk.start - 1 < at < hunk.end + 1]
    places = [at for at in places if hunk.base[at - 1].strip() and hunk.base[at].strip()]
    if places and not slides(hunk):
        at = dice.choice(places)
        old, new = hunk.quoted()
        now = hunk.base[:at] + ["\n"] + hunk.base[at:]
        shift = 1 if at < hunk.start else 0
        yield whole("blank lines", hunk, now, old, new, hunk.start + shift, hunk.end + shift, seen=now)


WORDS = "alpha bravo delta gamma omega sigma theta kappa lambda zeta".split()


def with_other_word(line, dice):
    """The line with one of its words exchanged; none if it has none."""
    words = list(re.finditer(r"[A-Za-z_]{3,}", line))
    if not words:
        return None
    word = dice.choice(words)
    return line[: word.start()] + dice.choice(WORDS) + line[word.end() :]


def neighbours(hunk):
    """Lines around the hunk that say something; beside an insertion they are what places it."""
    around = list(range(hunk.first, hunk.start)) + list(range(hunk.end, hunk.last))
    filled = lambda lines: next((at for at in lines if hunk.base[at].strip()), None)
    beside = {filled(range(hunk.start - 1, -1, -1)), filled(range(hunk.end, len(hunk.base)))}
    beside = beside if hunk.inserts else set()
    return [at for at in around if at not in beside and re.search(r"[A-Za-z_]{3,}", hunk.base[at])]


def stale_neighbour(hunk, dice):
    """Somebody has changed one or two of the lines around."""
    around = neighbours(hunk)
    if around:
        now = list(hunk.base)
        for at in dice.sample(around, min(len(around), dice.choice([1, 1, 2]))):
            now[at] = with_other_word(now[at], dice)
        old, new = hunk.quoted()
        yield whole("stale neighbour", hunk, now, old, new, hunk.start, hunk.end)


def missing_neighbour(hunk, dice):
    """A line around is quoted that is gone, or stands there and is not quoted."""
    around = neighbours(hunk)
    if not around:
        return
    at = dice.choice(around)
    old, new = hunk.quoted()
    if dice.random() < 0.5:
        now = hunk.base[:at] + hunk.base[at + 1 :]
        shift = -1 if at < hunk.start else 0
        yield whole("missing neighbour", hunk, now, old, new, hunk.start + shift, hunk.end + shift)
    elif at < hunk.start:
        within = at - hunk.first
        drop = lambda lines: lines[:within] + lines[within + 1 :]
        yield whole("missing neighbour", hunk, hunk.base, drop(old), drop(new), hunk.start, hunk.end)
    else:
        within = hunk.last - at
        drop = lambda lines: lines[: len(lines) - within] + lines[len(lines) - within + 1 :]
        yield whole("missing neighbour", hunk, hunk.base, drop(old), drop(new), hunk.start, hunk.end)


def moved(hunk, dice):
    """The block has been moved to another part of the file."""
    block = hunk.base[hunk.first : hunk.last]
    rest = hunk.base[: hunk.first] + hunk.base[hunk.last :]
    blank = [at for at in range(len(rest)) if not rest[at].strip() and abs(at - hunk.first) > 10]
    if blank:
        at = dice.choice(blank)
        now = rest[:at] + block + rest[at:]
        if occurrences(now, block, plain) == 1:
            old, new = hunk.quoted()
            start = at + hunk.before
            yield whole("moved", hunk, now, old, new, start, start + hunk.end - hunk.start)


def copied(hunk, dice, block):
    """The base with a block before or after, and by how many lines the hunk moved."""
    if dice.random() < 0.5 and hunk.first > 0:
        at = max(0, hunk.first - dice.randrange(1, 12))
        return hunk.base[:at] + block + hunk.base[at:], len(block)
    at = min(len(hunk.base), hunk.last + dice.randrange(1, 12))
    return hunk.base[:at] + block + hunk.base[at:], 0


def duplicated(hunk, dice):
    """The same lines stand nearby, and only the ones that are meant were read."""
    block = hunk.base[hunk.first : hunk.last]
    now, shift = copied(hunk, dice, block)
    if occurrences(now, block, plain) == 2:
        old, new = hunk.quoted()
        yield whole("duplicated nearby", hunk, now, old, new, hunk.start + shift, hunk.end + shift, seen=now,
                    shown=(hunk.first + shift, hunk.last + shift), accept_unread=[])


def nearly_duplicated(hunk, dice):
    """Lines that differ in one line around stand nearby."""
    around = neighbours(hunk)
    if not around:
        return
    at = dice.choice(around)
    other = with_other_word(hunk.base[at], dice)
    if plain(other) == plain(hunk.base[at]):
        return
    block = hunk.base[hunk.first : at] + [other] + hunk.base[at + 1 : hunk.last]
    now, shift = copied(hunk, dice, block)
    start, end, shown = hunk.start + shift, hunk.end + shift, (hunk.first + shift, hunk.last + shift)
    old, new = hunk.quoted()
    if occurrences(now, old, plain) != 1:
        return
    yield whole("near-duplicate, quoted well", hunk, now, old, new, start, end, seen=now, shown=shown)
    # The one line that tells them apart is quoted as neither has it.
    third = with_other_word(other, dice)
    if plain(third) in (plain(other), plain(hunk.base[at])):
        return
    exchange = lambda lines: [third if line is hunk.base[at] else line for line in lines]
    yield whole("near-duplicate, quoted badly", hunk, now, exchange(old), exchange(new), start, end, seen=now,
                shown=shown, accept_unread=[])


def already_made(hunk, dice):
    old, new = hunk.quoted()
    now = hunk.base[: hunk.start] + hunk.new + hunk.base[hunk.end :]
    if hunk.new and occurrences(now, old, plain) == 0:
        yield as_it_is("already applied", hunk, now, old, new)


def added_already(hunk, dice):
    """An addition that stands there, quoted by the line before it alone."""
    if hunk.inserts and hunk.before and re.search(r"\w{3}", text(hunk.new)):
        now = hunk.base[: hunk.start] + hunk.new + hunk.base[hunk.end :]
        old = hunk.base[hunk.first : hunk.start]
        if occurrences(now, old, plain) == 1 and occurrences(hunk.base, old + hunk.new, plain) == 0:
            yield as_it_is("addition that is there", hunk, now, old, old + hunk.new)


def same_line(hunk, dice):
    """Somebody has changed a line that the edit changes too: elsewhere in it, or right there."""
    if hunk.end - hunk.start != len(hunk.new) or hunk.inserts:
        return
    pairs = list(zip(range(hunk.start, hunk.end), hunk.new))
    pairs = [(at, new) for at, new in pairs if hunk.base[at] != new and at < hunk.end]
    at, new = dice.choice(pairs)
    old = hunk.base[at]
    front, back = in_common(old, new)
    quoted = hunk.quoted()
    here = range(hunk.start, hunk.end)
    # Too little of the line stays for it to be the same line.
    if front + back < len(old) * 0.5:
        return
    words = [word for word in re.finditer(r"[A-Za-z_]{3,}", old)]
    apart = [word for word in words if is_apart(old, word.start(), word.end(), front, len(old) - back)]
    if apart:
        word = dice.choice(apart)
        other = dice.choice(WORDS)
        exchange = lambda line, start, end: line[:start] + other + line[end:]
        now = list(hunk.base)
        now[at] = exchange(old, word.start(), word.end())
        shift = len(new) - len(old) if word.start() > front else 0
        merged = exchange(new, word.start() + shift, word.end() + shift)
        accept = text(merged if line == at else hunk.new[line - hunk.start] for line in here)
        yield Case("same line, elsewhere in it", hunk, now, [edit(*quoted)],
                   (hunk.start, len(now) - hunk.end), [accept])
    gone, come = old[front : len(old) - back], new[front : len(new) - back]
    word = re.search(r"\w+", gone)
    if word and word.group() not in re.findall(r"\w+", come):
        now = list(hunk.base)
        start = front + word.start()
        now[at] = old[:start] + dice.choice(WORDS) + old[front + word.end() :]
        if now[at] != new and now[at] != old:
            yield as_it_is("same line, same words", hunk, now, *quoted)


def in_common(one, other):
    """How many letters two lines have in common at both ends, in whole words."""
    front = 0
    while front < min(len(one), len(other)) and one[front] == other[front]:
        front += 1
    back = 0
    while back < min(len(one), len(other)) - front and one[-1 - back] == other[-1 - back]:
        back += 1
    while front and re.match(r"\w", one[front - 1]):
        front -= 1
    while back and re.match(r"\w", one[len(one) - back]):
        back -= 1
    return front, back


def is_apart(line, start, end, changed_start, changed_end):
    """Whether a word is so far from a change that nobody would say that they meet."""
    if end <= changed_start:
        between = line[end:changed_start]
    elif changed_end <= start:
        between = line[changed_end:start]
    else:
        return False
    return len(re.findall(r"\w+", between)) >= 1 and len(between) >= 3


def cut_within_lines(hunk, dice):
    """What is quoted begins and ends within a line, between words."""
    old, new = (text(lines) for lines in hunk.quoted())
    front, back = in_common(old, new)
    starts = [word.start() for word in re.finditer(r"\w+", old[:front])] + [front]
    ends = [word.end() for word in re.finditer(r"\w+", old) if word.start() >= len(old) - back]
    ends.append(len(old) - back)
    start, end = (dice.choice(those[:4]) for those in (starts[::-1], ends))
    cut = {"old_text": old[start:end], "new_text": new[start : len(new) - len(old) + end]}
    in_file = text(hunk.base)
    is_once = in_file.find(cut["old_text"]) == in_file.rfind(cut["old_text"])
    if is_once and re.search(r"\w{3}", cut["old_text"]) and not hunk.inserts and hunk.new:
        keep = (hunk.start, len(hunk.base) - hunk.end)
        yield Case("cut within lines", hunk, hunk.base, [cut], keep, [text(hunk.new)])


def typed_behind(hunk, dice):
    """Somebody has gone on writing behind the last line that is quoted, which the edit changes."""
    if hunk.end - hunk.start != len(hunk.new) or hunk.inserts:
        return
    last, wanted = hunk.base[hunk.end - 1][:-1], hunk.new[-1][:-1]
    front, back = in_common(last, wanted)
    old, new = (lines[: len(lines) - hunk.after] for lines in hunk.quoted())
    if front + back < len(last) * 0.5 or last == wanted or not re.search(r"\w", wanted):
        return
    word = dice.choice(WORDS)
    for way, typed in [("apart", f"  # {word}"), ("joined by a sign", f".{word}"), ("joined", word)]:
        now = hunk.base[: hunk.end - 1] + [last + typed + "\n"] + hunk.base[hunk.end :]
        quoted = text(old)[:-1]
        if text(now).count(quoted) != 1 or text(hunk.base).count(quoted) != 1:
            continue
        both = [text(hunk.new[:-1]) + wanted + typed + "\n"]
        # Who had read the line knows what was typed right behind a word or sign that the edit
        # changes; the text alone tells only that the last letter is not the end of its word.
        is_beside = way != "apart" and last_sign(last) != last_sign(wanted)
        is_cut = way == "joined" and last[-1:].isalnum() and last[-1:] != wanted[-1:]
        keep = (hunk.start, len(now) - hunk.end)
        yield Case(f"same line, typed behind it {way}", hunk, now, [edit(old, new)], keep,
                   [] if is_beside else both, accept_unread=[] if is_cut else both)


def last_sign(line):
    return re.findall(r"\w+|[^\w\s]", line)[-1:]


def deleted(hunk, dice):
    """The lines that the edit changes are gone."""
    changed = text(hunk.base[hunk.start : hunk.end])
    # Of equal lines beside each other nobody can say which one is gone.
    beside = hunk.base[hunk.start - 1 : hunk.start] + hunk.base[hunk.end : hunk.end + 1]
    ends = (hunk.base[hunk.start], hunk.base[hunk.end - 1]) if not hunk.inserts else ()
    if not hunk.inserts and not any(line in beside for line in ends) and hunk.new and re.search(r"\w{3}", changed):
        now = hunk.base[: hunk.start] + hunk.base[hunk.end :]
        yield as_it_is("deleted meanwhile", hunk, now, *hunk.quoted())


def rewritten(hunk, dice):
    """Somebody has written other lines in place of those that the edit changes."""
    changed = text(hunk.base[hunk.start : hunk.end])
    if not hunk.inserts and hunk.new and re.search(r"\w{3}", changed):
        other = [f"{dice.choice(WORDS)}({dice.choice(WORDS)}, {dice.choice(WORDS)})\n"]
        now = hunk.base[: hunk.start] + other + hunk.base[hunk.end :]
        yield as_it_is("rewritten meanwhile", hunk, now, *hunk.quoted())


def typography(hunk, dice):
    """Quotes and dashes of a typesetter, in what is quoted or in the file."""
    old, new = hunk.quoted()
    curly = lambda lines: [typeset(line) for line in lines]
    if curly(old) == old:
        return
    if dice.random() < 0.5:
        yield whole("typography", hunk, hunk.base, curly(old), curly(new), hunk.start, hunk.end,
                    loosely="" if hunk.new == [line.translate(BACK) for line in hunk.new] else "typography")
    else:
        now = curly(hunk.base)
        yield whole("typography", hunk, now, old, new, hunk.start, hunk.end, loosely="typography", seen=now)


BACK = str.maketrans({"\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-"})


def typeset(line):
    line = re.sub(r'"([^"]*)"', "\u201c\\1\u201d", line)
    return line.replace("'", "\u2019").replace(" - ", " \u2013 ")


def escaped(hunk, dice):
    old, new = (text(lines).removesuffix("\n") for lines in hunk.quoted())
    forms = {}
    if "\\" not in old + new:
        forms["quotes"] = lambda it: it.replace('"', '\\"')
        forms["string"] = lambda it: json.dumps(it, ensure_ascii=False)[1:-1]
    if not re.search(r"&\w+;|&#", old + new):
        forms["entities"] = lambda it: html.escape(it, quote=False)
    forms = [form for form in forms.values() if form(old) != old]
    if forms:
        form = dice.choice(forms)
        wrong = {"old_text": form(old), "new_text": form(new)}
        keep = (hunk.start, len(hunk.base) - hunk.end)
        yield Case("escapes", hunk, hunk.base, [wrong], keep, [text(hunk.new)])


def numbered(hunk, dice):
    """With line numbers, as the text was shown."""
    old, new = hunk.quoted()
    number = lambda lines: [f"{hunk.first + at + 1:>5}\t{line}" for at, line in enumerate(lines)]
    if dice.random() < 0.5:
        new = number(new)
    yield whole("line numbers", hunk, hunk.base, number(old), new, hunk.start, hunk.end)


ALL = [exact, typed_elsewhere, indented_otherwise, line_breaks, mark_and_end, trailing_space, blank_lines,
       stale_neighbour, missing_neighbour, moved, duplicated, nearly_duplicated, already_made, added_already,
       same_line, cut_within_lines, typed_behind, deleted, rewritten, typography, escaped, numbered]


def together(hunks, dice):
    """Several hunks of one file in one call, each spoiled a little."""
    now, edits = list(hunks[0].base), []
    for hunk in hunks:
        old, new = hunk.quoted()
        spoil = dice.choice([
            lambda lines: lines,
            lambda lines: [line.rstrip() + "\n" for line in lines],
            lambda lines: [typeset(line) for line in lines] if new == [typeset(line) for line in new] else lines,
        ])
        edits.append(edit(spoil(old), new))
    for hunk in reversed(hunks):
        now[hunk.start : hunk.end] = hunk.new
    first, last = hunks[0], hunks[-1]
    keep = (first.start, len(first.base) - last.end)
    accept = text(now[first.start : len(now) - (len(first.base) - last.end)])
    shown = (max(0, first.first - 5), min(len(first.base), last.last + 5))
    return Case("several in one call", first, first.base, edits, keep, [accept], shown=shown)
