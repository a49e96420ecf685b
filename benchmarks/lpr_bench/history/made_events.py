"""Generated events of a busy gate, with plates that a country allows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from lpr_edge.contract.country import Country, Form
from lpr_edge.contract.records import SCHEMA, iso_time

END = datetime(2026, 3, 1, tzinfo=UTC)
"""When the last event is."""
EVERY_S = 3.0
"""Mean seconds between two events."""
FIRST_FORM = 0.6
"""Share of plates of the country's first form; the others have equal shares of the rest."""
RETURNING = 0.5
"""Share of events whose vehicle was there before."""
LISTED = 0.01
"""Share of events whose plate is on a list."""
CAMERAS = ("gate-in", "gate-out", "yard", "street")


def made_events(country: Country, count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Records of events, oldest first; equal seeds give equal events.

    Args:
        country: whose forms the plates have.
        count: number of events.
        seed: of the random choices.
    """
    rng = Random(seed)
    known: list[tuple[str, str]] = []
    seen = END - timedelta(seconds=EVERY_S * count)
    for number in range(count):
        seen += timedelta(seconds=rng.expovariate(1 / EVERY_S))
        if not known or rng.random() > RETURNING:
            known.append(made_plate(country, rng))
        yield _event(number, seen, *rng.choice(known), rng)


def made_plate(country: Country, rng: Random) -> tuple[str, str]:
    """The text of a plate that the country allows, and the same in Latin letters."""
    forms = country.forms
    form = forms[0] if len(forms) == 1 or rng.random() < FIRST_FORM else rng.choice(forms[1:])
    labels = _labels(form, rng)
    return "".join(labels), country.transliterate(labels)


def _labels(form: Form, rng: Random) -> tuple[str, ...]:
    labels: list[str] = []
    for element in form.elements:
        least, most = element.count
        for _ in range(max(rng.randint(least, most), rng.randint(least, most))):
            labels += rng.choice(element.options)
    return tuple(labels)


def _event(number: int, seen: datetime, text: str, latin: str, rng: Random) -> dict[str, Any]:
    camera = rng.choice(CAMERAS)
    listed = {"plate": latin, "name": f"Vehicle {number % 50}", "action": "open", "edits": 0}
    return {
        "event": "plate",
        "schema": SCHEMA,
        "id": f"{seen:%Y%m%dT%H%M%S%f}"[:-3] + f"-{number}",
        "source": camera,
        "first_seen": iso_time(seen - timedelta(seconds=2)),
        "last_seen": iso_time(seen),
        "frames": rng.randint(2, 30),
        "votes": [{"text": text, "frames": 9, "confidence": 0.98}, {"text": text[:-1], "frames": 2, "confidence": 0.6}],
        "text": text,
        "rows": [text],
        "latin": latin,
        "valid": True,
        "fields": {"number": text[-4:]},
        "confidence": round(rng.random(), 4),
        "char_confidences": [round(rng.random(), 4) for _ in text],
        "quad": [[round(640 * rng.random(), 1), round(480 * rng.random(), 1)] for _ in range(4)],
        "colour": "red",
        "direction": "in" if camera == "gate-in" else "out",
        "matched": listed if rng.random() < LISTED else None,
    }
