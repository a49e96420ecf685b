"""Dead letters, sent again where this lpr can read them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from lpr_fleet.intake.delivery import Delivery
from lpr_fleet.intake.parse import Parse, UnusableMessageError


class Letters(Protocol):
    """What a replay needs of the queue."""

    def letters(self) -> Iterable[Delivery]:
        """Each message that is there now."""

    def send_again(self, letter: Delivery) -> None:
        """Put a message back on its way."""


@dataclass(frozen=True)
class Outcome:
    """What became of one letter."""

    letter: Delivery
    reason: str
    """Why it stays; empty where it was sent again, or would be."""


def replay(queue: Letters, parse: Parse, only_look: bool = False) -> Iterator[Outcome]:
    """Send again what can be read; the rest stays.

    Args:
        queue: of the dead letters.
        parse: makes rows, or says why it can't.
        only_look: send nothing.
    """
    for letter in queue.letters():
        try:
            parse(letter)
        except UnusableMessageError as error:
            yield Outcome(letter, str(error))
            continue
        if not only_look:
            queue.send_again(letter)
        yield Outcome(letter, "")
