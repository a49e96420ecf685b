"""Plain text tables for the terminal."""

from collections.abc import Sequence

from lpr_edge.contract.metrics import wilson_interval


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a table with aligned columns: the first one to the left, the others to the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(_format_line(line, widths) for line in lines)


def _format_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *rest]).rstrip()


def format_share(successes: int, count: int) -> str:
    """A share with its 95 % interval and counts; a dash for a count of 0."""
    if not count:
        return "–"
    low, high = wilson_interval(successes, count)
    return f"{successes / count:6.1%} [{low:.0%}–{high:.0%}] {successes}/{count}"
