"""Draws a terminal's text as a picture: `tmux capture-pane -pe | picture.py COLUMNS OUT.png`.

Reads lines with SGR escape sequences (colours, bold, dim, italic, underline, inverse) and draws one
cell for each character in DejaVu Sans Mono, inside of a plain window frame.
"""

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts/truetype/dejavu")
SIZE = 22
MARGIN, TITLE_BAR = 20, 44
FOREGROUND, BACKGROUND, FRAME = (224, 226, 234), (20, 22, 27), (44, 46, 51)
LIGHTS = ((255, 95, 87), (254, 188, 46), (40, 200, 64))
BASIC = (
    (7, 8, 13), (255, 192, 185), (179, 246, 192), (252, 224, 148),
    (166, 219, 255), (255, 202, 255), (140, 248, 247), (196, 198, 205),
    (79, 82, 88), (255, 192, 185), (179, 246, 192), (252, 224, 148),
    (166, 219, 255), (255, 202, 255), (140, 248, 247), (238, 241, 248),
)


@dataclass(frozen=True)
class Style:
    foreground: tuple | None = None
    background: tuple | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    inverse: bool = False

    def colours(self):
        front, back = self.foreground or FOREGROUND, self.background or BACKGROUND
        if self.inverse:
            front, back = back, front
        if self.dim:
            front = tuple((f + b) // 2 for f, b in zip(front, back))
        return front, back


def indexed(number):
    if number < 16:
        return BASIC[number]
    if number >= 232:
        return (8 + 10 * (number - 232),) * 3
    levels = (0, 95, 135, 175, 215, 255)
    number -= 16
    return levels[number // 36], levels[number // 6 % 6], levels[number % 6]


SWITCHES = {
    1: {"bold": True}, 2: {"dim": True}, 3: {"italic": True}, 4: {"underline": True},
    7: {"inverse": True}, 22: {"bold": False, "dim": False}, 23: {"italic": False},
    24: {"underline": False}, 27: {"inverse": False}, 39: {"foreground": None}, 49: {"background": None},
}


def styled(style, sequence):
    """The style after one SGR sequence."""
    codes = [int(part.split(":")[0] or 0) for part in (sequence or "0").split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = Style()
        elif code in SWITCHES:
            style = replace(style, **SWITCHES[code])
        elif code in (38, 48):
            if codes.pop(0) == 2:
                colour, codes = tuple(codes[:3]), codes[3:]
            else:
                colour = indexed(codes.pop(0))
            style = replace(style, **{"foreground" if code == 38 else "background": colour})
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = replace(style, foreground=BASIC[code - 30 if code < 90 else code - 82])
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = replace(style, background=BASIC[code - 40 if code < 100 else code - 92])
    return style


def cells(line, style):
    """The characters of a line with their styles, and the style at its end."""
    found = []
    for escape, sequence, char in re.findall(r"(\x1b\[([\d;:]*)m)|\x1b[()].|(.)", line):
        if escape:
            style = styled(style, sequence)
        elif char:
            found.append((char, style))
    return found, style


def draw(lines, columns):
    names = {(False, False): "", (True, False): "-Bold", (False, True): "-Oblique", (True, True): "-BoldOblique"}
    fonts = {
        key: ImageFont.truetype(FONTS / f"DejaVuSansMono{name}.ttf", SIZE)
        for key, name in names.items()
        if (FONTS / f"DejaVuSansMono{name}.ttf").exists()
    }
    plain = fonts[False, False]
    width, height = round(plain.getlength("m")), sum(plain.getmetrics())
    size = (columns * width + 2 * MARGIN, len(lines) * height + MARGIN + TITLE_BAR)
    picture = Image.new("RGB", size, BACKGROUND)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, size[0], TITLE_BAR - 10), fill=FRAME)
    for at, light in enumerate(LIGHTS):
        pen.ellipse((MARGIN + at * 28, 9, MARGIN + at * 28 + 16, 25), fill=light)
    style = Style()
    for row, line in enumerate(lines):
        found, style = cells(line, style)
        y = TITLE_BAR + row * height
        for column, (_, cell) in enumerate(found):
            x = MARGIN + column * width
            pen.rectangle((x, y, x + width - 1, y + height - 1), fill=cell.colours()[1])
        for column, (char, cell) in enumerate(found):
            x = MARGIN + column * width
            front = cell.colours()[0]
            pen.text((x, y), char, font=fonts.get((cell.bold, cell.italic), plain), fill=front)
            if cell.underline:
                pen.line((x, y + height - 2, x + width - 1, y + height - 2), fill=front)
    return picture


def main():
    columns, target = int(sys.argv[1]), Path(sys.argv[2])
    lines = sys.stdin.read().rstrip("\n").split("\n")
    target.parent.mkdir(parents=True, exist_ok=True)
    draw(lines, columns).quantize(256).save(target, optimize=True)


main()
