"""Plain text tables for the terminal, which need no library on a board."""

from collections.abc import Sequence


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, indent: str = "") -> str:
    """Format a table with aligned columns.

    Args:
        header: of the columns.
        rows: the cells, as text.
        left: number of columns that are aligned to the left; the others are aligned to the right.
        indent: before each line.
    """
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(indent + _format_line(line, widths, left) for line in lines)


def _format_line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    aligned = [
        cell.ljust(width) if number < left else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(aligned).rstrip()
