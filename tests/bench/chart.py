"""The bar chart, as SVG written by hand: readable on a light and on a dark page, no library, no script."""

from xml.sax.saxutils import escape

from contenders import TUNNEL, YARDSTICK

LABELS, BARS, RIGHT = 440, 480, 120  # pixels: text, bars, figures
BAR, GAP, BLOCK = 9, 3, 14
END = 2.5  # of the scale; longer bars are cut and say their number

STYLE = """
    text { font: 12px system-ui, sans-serif; fill: #1f2328; }
    .page { fill: #ffffff; } .small { font-size: 10px; fill: #59636e; } .title { font-size: 14px; font-weight: 600; }
    .tunnel { fill: #0969da; } .other { fill: #afb8c1; } .grid { stroke: #d1d9e0; } .one { stroke: #1f2328; }
    .target { stroke: #1a7f37; stroke-width: 2; } .spread { stroke: #1f2328; } .NO { fill: #d1242f; }
    @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; } .page { fill: #0d1117; } .small { fill: #9198a1; }
        .tunnel { fill: #4493f8; } .other { fill: #565e68; } .grid { stroke: #30363d; } .one { stroke: #e6edf3; }
        .target { stroke: #3fb950; } .spread { stroke: #e6edf3; } .NO { fill: #f85149; }
    }
"""
SECTIONS = (
    ("by the two relays, more is better", lambda line: not alone(line) and not line.less_is_better),
    ("by the two relays, less is better", lambda line: not alone(line) and line.less_is_better),
    ("by its limit", lambda line: alone(line)),
)


def alone(line):
    return bool(line.target and line.target.alone)


def x(value):
    return LABELS + BARS * min(max(value, 0), END) / END


def bars_of(line):
    """name -> (length, shortest, longest), in ratios to the yardstick or to the target's limit."""
    if not alone(line):
        return {name: ratio for name in line.values if name != YARDSTICK and (ratio := line.ratio(name))}
    scaled = {name: [value / line.target.limit for value in line.good(name)] for name in line.values}
    return {name: (line.median(name) / line.target.limit, min(values), max(values))
            for name, values in scaled.items() if values}


class Drawing:
    def __init__(self):
        self.parts = []
        self.y = 24

    def text(self, at, y, text, kind="", anchor="start"):
        self.parts.append(f'<text x="{at:.0f}" y="{y:.0f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, kind):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>')

    def section(self, title, lines):
        self.y += 26
        self.text(12, self.y, title, "title")
        for tick in (0.5, 1, 1.5, 2):
            self.text(x(tick), self.y, f"{tick:g}", "small", "middle")
        self.y += 10
        top, at = self.y, len(self.parts)
        for line in lines:
            self.block(line)
        grid = [f'<line x1="{x(tick):.1f}" y1="{top}" x2="{x(tick):.1f}" y2="{self.y - BLOCK + 4}" '
                f'class="{"one" if tick == 1 else "grid"}"/>' for tick in (0, 0.5, 1, 1.5, 2, END)]
        self.parts[at:at] = grid

    def block(self, line):
        bars = bars_of(line)
        height = len(bars) * (BAR + GAP)
        reached = {True: "reached", False: "NO", None: ""}[line.reached()]
        self.text(LABELS - 90, self.y + height / 2 + 4, line.what, "", "end")
        top = self.y - 3
        for name, (length, least, most) in bars.items():
            kind = "tunnel" if name.startswith(TUNNEL) else "other"
            self.text(LABELS - 6, self.y + BAR - 1, name, "small", "end")
            self.parts.append(f'<rect x="{LABELS}" y="{self.y}" width="{x(length) - LABELS:.1f}" height="{BAR}" '
                              f'class="{kind}"/>')
            if most > least and least < END:
                self.line(x(least), self.y + BAR / 2, x(most), self.y + BAR / 2, "spread")
            self.text(x(max(length, min(most, END))) + 4, self.y + BAR - 1, f"{length:.2f}", "small")
            self.y += BAR + GAP
        if line.target:
            limit = 1 if alone(line) else line.target.limit
            self.line(x(limit), top, x(limit), self.y, "target")
            self.text(LABELS + BARS + RIGHT - 8, top + height / 2 + 7, reached, reached, "end")
        self.y += BLOCK


def draw(lines, heading):
    drawing = Drawing()
    drawing.text(12, drawing.y, "The tunnel beside other ways to the same local app", "title")
    for part in heading.split("\n"):
        drawing.y += 16
        drawing.text(12, drawing.y, part, "small")
    drawing.y += 16
    drawing.text(12, drawing.y, "thin line: smallest to largest of the rounds; green: the target", "small")
    shown = [line for line in lines if bars_of(line)]
    for title, belongs in SECTIONS:
        if any(map(belongs, shown)):
            drawing.section(title, [line for line in shown if belongs(line)])
    width, height = LABELS + BARS + RIGHT, drawing.y + 8
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" aria-label="Ratios of the tunnel to two TCP relays">\n'
            f"<style>{STYLE}</style>\n"
            f'<rect width="{width}" height="{height}" class="page"/>\n' + "\n".join(drawing.parts) + "\n</svg>\n")
