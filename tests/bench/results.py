"""What a measure gives back: lines of the table, with their target and whether it is reached."""

import dataclasses
import statistics

from contenders import AGAINST, TUNNEL, YARDSTICK


@dataclasses.dataclass(frozen=True)
class Target:
    """`limit` is of the ratio to the yardstick or to the best contender, or (`alone`) of the tunnel's own value."""

    sense: str  # "at least" or "at most"
    limit: float
    alone: bool = False
    worst: bool = False  # alone: every single value counts, not the median
    best_other: bool = False  # of the ratio to the best of the other tunnels, not to the yardstick

    def holds(self, value):
        return value >= self.limit if self.sense == "at least" else value <= self.limit

    def text(self, unit):
        of = unit if self.alone else "x of the best" if self.best_other else "x"
        return f"{self.sense} {self.limit:g} {of}"


@dataclasses.dataclass
class Line:
    """One line: values by contender, one of each round, None where it failed."""

    row: str
    what: str
    unit: str
    values: dict
    target: Target = None
    note: str = ""
    less_is_better: bool = None

    def __post_init__(self):
        if self.less_is_better is None:
            self.less_is_better = not (self.target and self.target.sense == "at least")

    def good(self, name):
        return [value for value in self.values.get(name, []) if value is not None]

    def median(self, name):
        values = self.good(name)
        return statistics.median(values) if values else None

    def ratio(self, name, to=YARDSTICK):
        """Median, min and max over the rounds of this contender's value by that of `to` in the same round."""
        return self.ratio_to(name, self.values.get(to, []))

    def ratio_to_best(self, name):
        """The same, by the best of the other tunnels in the same round."""
        others = [values for other, values in self.values.items() if other != "direct" and not other.startswith(TUNNEL)]
        best = min if self.less_is_better else max
        return self.ratio_to(name, [best(filter(None, round_), default=None) for round_ in zip(*others)])

    def ratio_to(self, name, others):
        pairs = zip(self.values.get(name, []), others)
        ratios = [mine / other for mine, other in pairs if mine is not None and other]
        return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None

    def judged(self):
        """The number that the target is about, or None."""
        if not self.target:
            return None
        if not self.target.alone:
            ratio = self.ratio_to_best(TUNNEL) if self.target.best_other else self.ratio(TUNNEL)
            return ratio[0] if ratio else None
        values = self.good(TUNNEL)
        if not values:
            return None
        if not self.target.worst:
            return statistics.median(values)
        return max(values) if self.target.sense == "at most" else min(values)

    def reached(self):
        """True, False, or None where there is no target or no figure."""
        value = self.judged()
        return None if value is None else self.target.holds(value)

    def as_json(self):
        contenders = {}
        for name, values in self.values.items():
            good = self.good(name)
            ratio = self.ratio(name)
            contenders[name] = {"values": values, "median": self.median(name),
                                "min": min(good, default=None), "max": max(good, default=None),
                                "ratio": ratio and dict(zip(("median", "min", "max"), ratio))}
        against = self.ratio(TUNNEL, AGAINST)
        return {"row": self.row, "what": self.what, "unit": self.unit, "less_is_better": self.less_is_better,
                "target": self.target and {**dataclasses.asdict(self.target), "text": self.target.text(self.unit)},
                "judged": self.judged(), "reached": self.reached(), "note": self.note, "contenders": contenders,
                "against": against and dict(zip(("median", "min", "max"), against))}


def missing(row, what, unit, target, why):
    return Line(row, what, unit, {}, target, note=f"not measured: {why}")
