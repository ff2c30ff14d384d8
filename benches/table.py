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
    """Nabla and its peer, and JAX beside them where that is asked for."""

    def __init__(self, with_jax):
        self.with_jax = with_jax
        jax = ["JAX", "ratio to JAX", "bar"] if with_jax else []
        super().__init__("", "Nabla", "peer", "ratio", "range", "bar", *jax)

    def row(self, what, ours, theirs, bar=None, *, text=duration, limit=None, jax=None, jax_bar=None):
        """Medians of what was measured in each round. `bar` is about the ratio, `limit` about what is ours."""
        at_most = self.bar(median(ours), limit, limit and text(limit))
        ratios = quotients(ours, theirs)
        cells = [text(median(ours)), text(median(theirs)), f"{median(ratios):.3f}", span(ratios)]
        cells.append(at_most or self.bar(median(ratios), bar))
        if self.with_jax:
            ratio = median(quotients(ours, jax)) if jax else None
            cells += [text(median(jax)), f"{ratio:.2f}", self.bar(ratio, jax_bar)] if jax else [""] * 3
        self.line(what, *cells)

    def mean_row(self, what, ratios, bar):
        """Ratios alone, one for each round."""
        cells = [f"{median(ratios):.3f}", span(ratios), self.bar(median(ratios), bar)]
        self.line(what, "", "", *cells, *[""] * (3 * self.with_jax))


def quotients(ours, theirs):
    return [a / b for a, b in zip(ours, theirs)]


def span(values):
    return f"{min(values):.3f} to {max(values):.3f}"
