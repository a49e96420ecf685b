"""What `--on-match` asks for: a pin of the board, or a program."""

import re
import shlex
from dataclasses import dataclass

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import TextValue, require_setting
from lpr_edge.contract.base.url import redact_command

PREFIX = "gpio:"
PIN = re.compile(r"gpio:(\d{1,2})(?::([^\s:]+))?")
HIGHEST_PIN = 27
"""Of a Raspberry Pi's header, in the processor's numbering (BCM)."""
USUAL_ACTION = "open"


class MatchAction(TextValue):
    """A `RelayPin` or a `Program`."""

    @classmethod
    def parse(cls, text: str, key: str) -> "RelayPin | Program":
        """`gpio:PIN`, `gpio:PIN:ACTION`, or a program and its first arguments; see `TextValue`."""
        return _relay_pin(text, key) if text.startswith(PREFIX) else _program(text, key)


@dataclass(frozen=True)
class RelayPin(MatchAction):
    """A pin with a relay, and the action of the list that it is switched for."""

    pin: int
    """In the processor's numbering (BCM)."""
    action: str = USUAL_ACTION

    def __str__(self) -> str:
        return f"{PREFIX}{self.pin}" + (f":{self.action}" if self.action != USUAL_ACTION else "")


@dataclass(frozen=True)
class Program(MatchAction):
    """A program and its first arguments; no shell sees them."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(self.words)


def _relay_pin(text: str, key: str) -> RelayPin:
    match = PIN.fullmatch(text)
    if match is None or int(match[1]) > HIGHEST_PIN:
        raise LprError(
            f"Setting `{key}` is {text!r}, and a pin must be gpio:0 to gpio:{HIGHEST_PIN} (BCM), with another action "
            f"than {USUAL_ACTION} such as gpio:17:barrier."
        )
    return RelayPin(int(match[1]), match[2] or USUAL_ACTION)


def _program(text: str, key: str) -> Program:
    found = repr(redact_command(text))
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise LprError(f"Setting `{key}` is {found}, and its quotes don't match: {error}") from error
    require_setting(bool(words and words[0]), key, found, "a program that can be run, or a pin such as gpio:17")
    return Program(words)
