#!/usr/bin/env python3
"""Draws what a terminal shows as an SVG.

    terminal-svg.py COLUMNS <SESSION >PICTURE

Of what programs write to a terminal it knows colours, bold and dim text, and line ends. Anything else is left out.
"""

import html
import re
import sys

COLOURS = ["#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4"]
BRIGHT = ["#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff"]
PAPER, INK, DIM = "#0d1117", "#e6edf3", "#8b949e"
# Pixels: a character's width and a line's height, with this size of type.
WIDTH, HEIGHT, SIZE, MARGIN = 8.4, 19, 14, 16


def style(now, codes):
    """The style after these SGR codes. now: (colour, bold)."""
    colour, bold = now
    for code in codes or [0]:
        if code == 0:
            colour, bold = INK, False
        elif code == 1:
            bold = True
        elif code == 2:
            colour = DIM
        elif code == 22:
            bold = False
        elif code == 39:
            colour = INK
        elif 30 <= code <= 37:
            colour = COLOURS[code - 30]
        elif 90 <= code <= 97:
            colour = BRIGHT[code - 90]
    return colour, bold


def pieces(line, now):
    """(text, style) of a line, and the style in which the next one begins."""
    found = []
    for text in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))", line):
        if text.startswith("\x1b"):
            if re.fullmatch(r"\x1b\[[0-9;]*m", text):
                now = style(now, [int(code or 0) for code in text[2:-1].split(";")])
        elif text := re.sub(r"[\x00-\x1f\x7f]", "", text):
            found.append((text, now))
    return found, now


def main():
    columns = int(sys.argv[1])
    lines = sys.stdin.buffer.read().decode(errors="replace").replace("\r\n", "\n").rstrip("\n").split("\n")
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}"')
    print(f'     font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="{SIZE}" fill="{INK}">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>')
    now = (INK, False)
    for number, line in enumerate(lines):
        found, now = pieces(line, now)
        column = 0
        for text, (colour, bold) in found:
            x, y = MARGIN + column * WIDTH, MARGIN + (number + 1) * HEIGHT - 5
            column += len(text)
            if not text.strip():
                continue
            weight = ' font-weight="bold"' if bold else ""
            size = f'textLength="{len(text) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"'
            print(f'<text x="{x:.1f}" y="{y}" fill="{colour}"{weight} xml:space="preserve" {size}>{html.escape(text)}</text>')
    print("</svg>")


main()
