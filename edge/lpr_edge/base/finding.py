"""Result of a check by the doctor."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Severity of a finding."""

    OK = "ok"
    LOOK = "look"
    """Works, and could be better."""
    REPAIR = "repair"
    """Keeps plates from being read, or events from arriving."""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    check: str
    state: State
    found: str
    remedy: str = ""
    """What to do; empty where all is well."""


def fine(check: str, found: str) -> Finding:
    """Make a finding without a problem."""
    return Finding(check, State.OK, found)


def graded(check: str, found: str, remedy: str, repair: bool, look: bool) -> Finding:
    """Make a finding whose severity depends on two conditions."""
    state = State.REPAIR if repair else State.LOOK if look else State.OK
    return Finding(check, state, found, "" if state is State.OK else remedy)
