"""What Frigate publishes of a tracked object.

Source: docs.frigate.video/integrations/mqtt, topic `frigate/events`.
"""

import json
import re
from dataclasses import dataclass

from lpr_edge.contract.base.errors import DataError

EVENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""It becomes part of an address, so nothing else may be in it."""
KINDS = ("new", "update", "end")


@dataclass(frozen=True)
class FrigateEvent:
    """A message about a tracked object."""

    id: str
    kind: str
    """One of KINDS."""
    camera: str
    label: str
    """Such as `car`."""
    has_snapshot: bool

    @property
    def is_over(self) -> bool:
        """Whether it is the object's last message."""
        return self.kind == "end"


def parse_event(payload: bytes) -> FrigateEvent | None:
    """Parse a message; None if Frigate itself marks the object as a false positive.

    Raises:
        DataError: it isn't what Frigate publishes.
    """
    try:
        message = json.loads(payload)
        after = message["after"]
        found = FrigateEvent(
            after["id"], message["type"], after["camera"], after["label"], bool(after.get("has_snapshot"))
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError("a message isn't one of Frigate's events: check the topic") from error
    texts = (found.id, found.kind, found.camera, found.label)
    if not all(isinstance(text, str) for text in texts) or not EVENT_ID.fullmatch(found.id) or found.kind not in KINDS:
        raise DataError("a message isn't one of Frigate's events: check the topic, and Frigate's version")
    return None if after.get("false_positive") else found
