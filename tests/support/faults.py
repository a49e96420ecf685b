"""What was tried, and what was lost: one line each, in one table at the end of the run."""

from collections.abc import Callable

Tally = Callable[[str, int, int], None]
"""Takes what went wrong, how many were tried, and how many were lost."""


class Table:
    """The lines of one run."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}

    @property
    def rows(self) -> list[tuple[str, int, int]]:
        return [(what, tried, lost) for what, (tried, lost) in self._counts.items()]

    def add(self, what: str, tried: int, lost: int) -> None:
        """What is noted twice is summed up."""
        before = self._counts.get(what, (0, 0))
        self._counts[what] = before[0] + tried, before[1] + lost

    def lines(self) -> list[str]:
        """The table for people."""
        width = max(len(what) for what, _, _ in self.rows)
        head = f"{'what':<{width}}  {'tried':>8}  {'lost':>6}"
        return [head, *(f"{what:<{width}}  {tried:>8,}  {lost:>6,}" for what, tried, lost in self.rows)]
