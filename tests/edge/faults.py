"""What was tried, and what was lost: one line each, in one table at the end of the run."""

from collections.abc import Callable

Tally = Callable[[str, int, int], None]
"""Takes what went wrong, how many were tried, and how many were lost."""


class Table:
    """The lines of one run."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, int]] = []

    def add(self, what: str, tried: int, lost: int) -> None:
        self.rows.append((what, tried, lost))

    def lines(self) -> list[str]:
        """The table for people."""
        width = max(len(what) for what, _, _ in self.rows)
        head = f"{'what':<{width}}  {'tried':>8}  {'lost':>6}"
        return [head, *(f"{what:<{width}}  {tried:>8,}  {lost:>6,}" for what, tried, lost in self.rows)]
