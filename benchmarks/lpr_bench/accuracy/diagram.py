"""The reliability diagram as SVG: confidence to the right, the share of right readings up."""

from collections.abc import Sequence

from lpr_bench.accuracy.reliability import Bin, Pair, bins, calibration_error
from lpr_edge.contract.metrics import wilson_interval

SIDE = 300
LEFT, BOTTOM = 46, 40
"""Pixels for the axes' numbers."""


def reliability_svg(pairs: Sequence[Pair]) -> str:
    """Draw each bin at its mean confidence, with the interval of its share; the diagonal is a confidence kept."""
    error = calibration_error(pairs)
    told = "no readings" if error is None else f"{len(pairs)} readings, expected calibration error {error:.1%}"
    size = f"{SIDE + LEFT + 50} {SIDE + BOTTOM + 30}"
    marks = "".join(_mark(b) for b in bins(pairs) if b.confidences)
    x0, y0, x1, y1 = _x(0), _y(0), _x(1), _y(1)
    return (
        f'<svg viewBox="0 0 {size}" width="440" role="img" font-family="sans-serif" font-size="11" fill="#444">'
        f'<rect x="{x0}" y="{y1}" width="{SIDE}" height="{SIDE}" fill="#fafafa" stroke="#bbb"/>'
        f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="#999" stroke-dasharray="4 4"/>'
        f"{_ticks()}{marks}"
        f'<text x="{x0 + SIDE / 2}" y="{y0 + 32}" text-anchor="middle">confidence: {told}</text>'
        f'<text x="12" y="{y1 + SIDE / 2}" text-anchor="middle" transform="rotate(-90 12 {y1 + SIDE / 2})">'
        "share that is right, 95 % interval</text></svg>"
    )


def _x(share: float) -> float:
    return LEFT + SIDE * share


def _y(share: float) -> float:
    return 20 + SIDE * (1 - share)


def _ticks() -> str:
    marks = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    across = (f'<text x="{_x(m)}" y="{_y(0) + 14}" text-anchor="middle">{m:g}</text>' for m in marks)
    up = (f'<text x="{LEFT - 6}" y="{_y(m) + 4}" text-anchor="end">{m:g}</text>' for m in marks)
    return "".join((*across, *up))


def _mark(b: Bin) -> str:
    count = len(b.confidences)
    low, high = wilson_interval(b.right, count)
    x, y = _x(b.mean), _y(b.right / count)
    return (
        f'<line x1="{x:.1f}" y1="{_y(low):.1f}" x2="{x:.1f}" y2="{_y(high):.1f}" stroke="#1a5fb4" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#1a5fb4"><title>{b.right} of {count}</title></circle>'
        f'<text x="{x + 8:.1f}" y="{y + 4:.1f}">{b.right}/{count}</text>'
    )
