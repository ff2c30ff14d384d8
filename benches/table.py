"""Tables in Markdown: medians over rounds, their ratios, and a mark where a bar is missed."""
from statistics import median


def duration(seconds):
    """Three digits or more, in the unit that suits."""
    if seconds < 1e-5:
        return f"{seconds * 1e9:.0f} ns"
    value = seconds * 1e3
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3}f} ms"


def megabytes(value):
    return f"{value:.1f} MB"


class Table:
    """Prints a row as soon as it is known, its head before the first. Counts the bars and those that were missed."""

    def __init__(self, *columns):
        self.columns = columns
        self.bars = self.missed = 0

    def line(self, *cells):
        if self.columns:
            print(f"\n| {' | '.join(self.columns)} |\n|{'---|' * len(self.columns)}")
            self.columns = None
        print(f"| {' | '.join(cells)} |", flush=True)

    def bar(self, value, most, text=None):
        """The cell of a bar: a value may be at most so much."""
        if most is None:
            return ""
        self.bars += 1
        self.missed += value > most
        return f"≤ {text or most}" + (" **✗**" if value > most else "")


class Pairs(Table):
    """Nabla and its peer, and beside them those that are asked for by name."""

    def __init__(self, others):
        self.others = others
        columns = [cell for name in others for cell in (name, f"ratio to {name}", "bar")]
        super().__init__("", "Nabla", "peer", "ratio", "range", "bar", *columns)

    def row(self, what, ours, theirs, bar=None, *, text=duration, limit=None, others=None):
        """Medians of what was measured in each round. `bar` is about the ratio, `limit` about what is ours; `others`
        has for a name what was measured there, and a bar."""
        at_most = self.bar(median(ours), limit, limit and text(limit))
        ratios = quotients(ours, theirs)
        cells = [text(median(ours)), text(median(theirs)), f"{median(ratios):.3f}", span(ratios)]
        cells.append(at_most or self.bar(median(ratios), bar))
        for name in self.others:
            if name in (others or {}):
                column, bar = others[name]
                ratio = median(quotients(ours, column))
                cells += [text(median(column)), f"{ratio:.2f}", self.bar(ratio, bar)]
            else:
                cells += [""] * 3
        self.line(what, *cells)

    def alone_row(self, what, ours, limit):
        """What has no peer, and may take so long."""
        cells = [duration(median(ours)), "", "", "", self.bar(median(ours), limit, duration(limit))]
        self.line(what, *cells, *[""] * (3 * len(self.others)))

    def mean_row(self, what, ratios, bar):
        """Ratios alone, one for each round."""
        cells = [f"{median(ratios):.3f}", span(ratios), self.bar(median(ratios), bar)]
        self.line(what, "", "", *cells, *[""] * (3 * len(self.others)))


def quotients(ours, theirs):
    return [a / b for a, b in zip(ours, theirs)]


def span(values):
    return f"{min(values):.3f} to {max(values):.3f}"
