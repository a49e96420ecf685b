"""Progress of a training run on stderr: a bar on a terminal, a line for each epoch elsewhere."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

LINE_EVERY = 1000
"""Items between two lines, where there is no terminal for a bar."""
T = TypeVar("T")


class Progress:
    """Shows steps and epochs with the remaining time."""

    def __init__(self, title: str, epochs: int, steps_per_epoch: int, done_epochs: int = 0) -> None:
        """Start the clock."""
        self._epochs, self._done, self._first = epochs, done_epochs, done_epochs
        self._started = time.monotonic()
        self._bar = _bar(title, epochs * steps_per_epoch, done_epochs * steps_per_epoch)

    def step(self, loss: float) -> None:
        """Advance by one batch."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"epoch {self._done + 1}/{self._epochs}, loss {loss:.4f}", refresh=False)
            self._bar.update()

    def epoch(self, figures: dict[str, float], is_best: bool) -> None:
        """Advance by one epoch and print its figures."""
        self._done += 1
        shown = "  ".join(f"{key} {value:.4g}" for key, value in figures.items() if key not in ("epoch", "seconds"))
        line = f"epoch {self._done}/{self._epochs}  {shown}{'  (best so far)' if is_best else ''}"
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(f"{line}  {self._left()}", file=sys.stderr, flush=True)

    def _left(self) -> str:
        seconds = (time.monotonic() - self._started) / (self._done - self._first) * (self._epochs - self._done)
        return f"[{seconds / 60:.0f} min left]" if seconds >= 90 else f"[{seconds:.0f} s left]"

    def close(self) -> None:
        """Close the progress bar."""
        if self._bar is not None:
            self._bar.close()


def _bar(title: str, total: int, initial: int, unit: str = "step") -> Any:
    if not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:  # the train extra has it; work that needs nothing else of it goes on without
        return None
    return tqdm(total=total, initial=initial, desc=title, unit=unit, file=sys.stderr, dynamic_ncols=True)


def each(items: Sequence[T], title: str, unit: str) -> Iterator[T]:
    """Go through items with a bar on a terminal, and a line a thousand elsewhere; both on stderr."""
    bar = _bar(title, len(items), 0, unit)
    try:
        for number, item in enumerate(items, 1):
            yield item
            if bar is not None:
                bar.update()
            elif number % LINE_EVERY == 0:
                print(f"{title}: {number} of {len(items)} {unit}", file=sys.stderr, flush=True)
    finally:
        if bar is not None:
            bar.close()
