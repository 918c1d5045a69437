"""The table: on the screen, as Markdown and as JSON."""

import json

from chart import draw
from contenders import AGAINST, TUNNEL, YARDSTICK
from machine import heading

REACHED = {True: "yes", False: "NO", None: ""}
EXPLANATION = """Ratio: median over the rounds of what it had by what the two relays had in the same round, with the
smallest and the largest; where a target is of the tunnel alone, the values themselves."""
EXPLANATION_AGAINST = f"""{TUNNEL} by other: the same, by what the other build had in the same round."""


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values):
    return f"{number(min(values))} - {number(max(values))}"


def names_in(lines):
    """Contenders in the order of their first appearance, the yardstick first and the tunnel last."""
    seen = dict.fromkeys(name for line in lines for name in line.values)
    others = [name for name in seen if name not in (YARDSTICK, TUNNEL)]
    return [*([YARDSTICK] if YARDSTICK in seen else []), *others, TUNNEL]


def cell(line, name):
    values = line.good(name)
    if not values:
        return ""
    alone = line.target and line.target.alone or not line.good(YARDSTICK)
    if alone or name == YARDSTICK:
        text = number(line.median(name))
        return text + (f" ({spread(values)})" if name == TUNNEL and len(values) > 1 else "")
    ratio = line.ratio(name)
    if not ratio:
        return ""
    return f"{ratio[0]:.2f} x" + (f" ({ratio[1]:.2f} - {ratio[2]:.2f})" if name == TUNNEL else "")


def with_spread(ratio):
    return f"{ratio[0]:.3f} x ({ratio[1]:.3f} - {ratio[2]:.3f})" if ratio else ""


def rows(lines):
    names = names_in(lines)
    compared = AGAINST in names
    yield ["", "unit", *names, *([f"{TUNNEL} by other"] if compared else []), "target", "reached"]
    for line in lines:
        target = line.target.text(line.unit) if line.target else ""
        if line.target and line.target.best_other and line.judged() is not None:
            target += f" ({line.judged():.2f})"
        by_other = [with_spread(line.ratio(TUNNEL, AGAINST))] if compared else []
        yield [line.what, line.unit, *(cell(line, name) for name in names), *by_other, target,
               REACHED[line.reached()] if line.values or not line.note else "absent"]


def aligned(table, left=(0, 1)):
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        yield "  ".join(text.ljust(width) if i in left else text.rjust(width)
                        for i, (text, width) in enumerate(zip(row, widths))).rstrip()


def explanations(lines):
    return [EXPLANATION, EXPLANATION_AGAINST] if AGAINST in names_in(lines) else [EXPLANATION]


def footnotes(lines, result):
    notes = [f"{line.what}: {line.note}" for line in lines if line.note]
    notes += [f"{name} did not take part: {why}" for name, why in result["absent"].items()]
    return notes + [f"FAILED {failure}" for failure in result["failures"]]


def summary(lines):
    judged = [line for line in lines if line.reached() is not None]
    reached = sum(line.reached() for line in judged)
    return f"{reached} of {len(judged)} targets reached"


def rounds_text(result):
    return f"{result['rounds']} rounds of {result['seconds']:g} s" + result["path_rounds"] + ", pinned" * result["pinned"]


def as_text(lines, result):
    settings = f"{rounds_text(result)} in turn, one thread of wrk"
    parts = [heading(result), settings, "", *aligned(list(rows(lines))), "", *explanations(lines),
             *footnotes(lines, result), summary(lines)]
    return "\n".join(parts)


def as_markdown(lines, result):
    table = list(rows(lines))
    text = ["# The tunnel beside other ways", "", heading(result).replace("\n", "  \n") + "  ",
            f"{rounds_text(result)} in turn. {summary(lines)}.", "",
            "![ratios](result.svg)", ""]
    text += markdown_table(table, "--" + "r" * (len(table[0]) - 4) + "--")
    text += ["", *explanations(lines), ""] + [f"- {note}" for note in footnotes(lines, result)]
    text += ["", "## Every figure", ""]
    detail = [["", "unit", "contender", "median", "min - max", "ratio"]]
    for line in lines:
        for name in line.values:
            if line.good(name):
                ratio = line.ratio(name)
                detail.append([line.what, line.unit, name, number(line.median(name)), spread(line.good(name)),
                               f"{ratio[0]:.2f}" if ratio else ""])
    return "\n".join(text + markdown_table(detail, "---rrr")) + "\n"


def markdown_table(table, alignment):
    marks = ["---:" if side == "r" else "---" for side in alignment]
    return ["| " + " | ".join(row) + " |" for row in (table[0], marks, *table[1:])]


def write(lines, result, folder):
    folder.mkdir(parents=True, exist_ok=True)
    whole = {**result, "lines": [line.as_json() for line in lines]}
    (folder / "result.json").write_text(json.dumps(whole, indent=2) + "\n")
    (folder / "result.md").write_text(as_markdown(lines, result))
    (folder / "result.svg").write_text(draw(lines, heading(result)))
