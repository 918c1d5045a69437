#!/usr/bin/env python3
"""README's picture of a long path: seconds and Mbit/s of each contender, from the result of the bench's row `wan`.

usage: path_picture.py RESULT.json PICTURE.svg
"""

import json
import sys
from pathlib import Path

from chart import STYLE, Drawing
from contenders import TUNNEL

LABELS, BARS, FIGURES = 160, 420, 90  # pixels
BAR, GAP, BLOCK = 13, 4, 22
# what is shown, as the bench calls it, and its title; of the first path of the result
SHOWN = {"page of": "A page of 200 scripts of 10 KiB, over 6 connections: seconds, less is better",
         "100 webhooks": "100 webhooks at once: seconds, less is better",
         "20 MiB download": "Download of 20 MiB of JavaScript: Mbit/s, more is better",
         "20 MiB upload": "Upload of 20 MiB of JavaScript: Mbit/s, more is better"}


def figures_of(lines, start):
    """name -> median, the best first; and the path."""
    line = next((one for one in lines if one["what"].startswith(start) and ", text; " in one["what"]), None)
    if line is None:
        sys.exit(f"the result has no line of the row wan that begins with {start!r}")
    medians = {name: values["median"] for name, values in line["contenders"].items() if values["median"] is not None}
    medians.pop(TUNNEL + ", raw bodies", None)  # compression implies them
    ordered = sorted(medians.items(), key=lambda item: item[1], reverse=not line["less_is_better"])
    return ordered, line["what"].partition("; ")[2]


def draw(result):
    drawing = Drawing()
    blocks = [(title, *figures_of(result["lines"], start)) for start, title in SHOWN.items()]
    drawing.text(12, drawing.y, f"Between a VPS and a laptop ({blocks[0][2]}), each tunnel's median", "title")
    for title, figures, _ in blocks:
        drawing.y += BLOCK
        drawing.text(12, drawing.y, title)
        drawing.y += 8
        longest = max(value for _, value in figures)
        for name, value in figures:
            kind = "tunnel" if name == TUNNEL else "other"
            width = BARS * value / longest
            label = "without a tunnel" if name == "direct" else name
            drawing.text(LABELS - 6, drawing.y + BAR - 2, label, "" if kind == "tunnel" else "small", "end")
            drawing.parts.append(f'<rect x="{LABELS}" y="{drawing.y}" width="{width:.1f}" height="{BAR}" '
                                 f'class="{kind}"/>')
            shown = f"{value:.0f}" if value >= 10 else f"{value:.2f}"
            drawing.text(LABELS + width + 5, drawing.y + BAR - 2, shown, "small")
            drawing.y += BAR + GAP
    versions = ", ".join(f"{name} {version}" for name, version in sorted(result["versions"].items())
                         if name in ("bore", "frps", "rathole", "chisel"))
    drawing.y += BLOCK
    drawing.text(12, drawing.y, f"{result['machine']['when'][:10]}; {versions}", "small")
    width, height = LABELS + BARS + FIGURES, drawing.y + 12
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" aria-label="Each tunnel over a long path">\n<style>{STYLE}</style>\n'
            f'<rect width="{width}" height="{height}" class="page"/>\n' + "\n".join(drawing.parts) + "\n</svg>\n")


if __name__ == "__main__":
    source, picture = map(Path, sys.argv[1:])
    picture.write_text(draw(json.loads(source.read_text())))
