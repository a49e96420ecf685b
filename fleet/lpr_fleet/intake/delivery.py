"""A message as the broker delivers it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Delivery:
    """One message, not acknowledged yet."""

    tag: int
    """Names it on its connection; rises by one with each message."""
    route: str
    """Its topic, with `.` for `/`."""
    body: bytes
