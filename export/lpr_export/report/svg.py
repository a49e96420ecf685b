"""Plots as SVG text, to stand in a page without any other file."""

import html
from collections.abc import Sequence

WIDTH = 720
BAR = 16
LEFT = 230


def histogram(values: Sequence[float], limit: float, bins: int = 41) -> str:
    """Bars of how many values lie where, from -limit to limit; what lies beyond is counted at the ends."""
    counts = [0] * bins
    for value in values:
        place = int((value + limit) / (2 * limit) * bins)
        counts[min(max(place, 0), bins - 1)] += 1
    highest, width, height = max([*counts, 1]), WIDTH / bins, 160
    bars = "".join(
        f'<rect x="{n * width:.1f}" y="{height - height * c / highest:.1f}" width="{width - 1:.1f}" '
        f'height="{height * c / highest:.1f}"><title>{c} at {(n + 0.5) * 2 * limit / bins - limit:+.4f}</title></rect>'
        for n, c in enumerate(counts)
    )
    marks = "".join(
        f'<text x="{x}" y="{height + 16}" text-anchor="{anchor}">{text}</text>'
        for x, anchor, text in (
            (0, "start", f"≤ {-limit:g}"),
            (WIDTH / 2, "middle", "0"),
            (WIDTH, "end", f"≥ {limit:g}"),
        )
    )
    return _svg(bars + marks, height + 20)


def bars(names: Sequence[str], values: Sequence[float], unit: str) -> str:
    """A horizontal bar a name."""
    highest = max([*values, 1e-9])
    rows = "".join(
        _bar(n, name, value, highest, unit) for n, (name, value) in enumerate(zip(names, values, strict=True))
    )
    return _svg(rows, BAR * len(names) + 4)


def _bar(number: int, name: str, value: float, highest: float, unit: str) -> str:
    y, length = number * BAR, max(0.0, (WIDTH - LEFT - 90) * value / highest)
    return (
        f'<text x="{LEFT - 6}" y="{y + 12}" text-anchor="end">{html.escape(name)}</text>'
        f'<rect x="{LEFT}" y="{y + 2}" width="{length:.1f}" height="{BAR - 4}"/>'
        f'<text x="{LEFT + length + 5:.1f}" y="{y + 12}">{value:.3g} {html.escape(unit)}</text>'
    )


def _svg(body: str, height: float) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img">{body}</svg>'
