"""What a check has found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    LOOK = "look"
    """Works, and could be better."""
    REPAIR = "repair"
    """Keeps plates from being read, or events from arriving."""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's."""

    check: str
    state: State
    found: str
    remedy: str = ""
    """What to do; empty where all is well."""


def fine(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, State.OK, found)


def graded(check: str, found: str, remedy: str, repair: bool, look: bool) -> Finding:
    """A finding whose state two conditions decide."""
    state = State.REPAIR if repair else State.LOOK if look else State.OK
    return Finding(check, state, found, "" if state is State.OK else remedy)
