import io
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from tests.support.readings import frame, new_tracker, plate, quad_at

from lpr_edge.capture.frame import UnreadableImage
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.records import event_schema
from lpr_edge.contract.rows import Character
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.text.grammar import Grammar
from lpr_edge.tracking.event_record import character_record, error_record, event_record, image_record
from lpr_edge.tracking.visits import Visits
from lpr_edge.vision.plates import FoundPlate, FrameResult, PlateReading, Reading

NEPAL = load_country("nepal")
PLATE_FIELDS = ["text", "rows", "latin", "valid", "fields", "confidence", "char_confidences", "quad", "colour"]


def nepali_plate() -> PlateReading:
    rows = tuple(
        tuple(
            Character(label, 0.98, 1.0, 0.1 * i, 0.5, 0.1, 0.4, np.zeros(1, np.float32)) for i, label in enumerate(row)
        )
        for row in (("बा", "७", "९", "प"), ("५", "०", "०", "७"))
    )
    parsed = Grammar(NEPAL).parse([c.label for row in rows for c in row])
    return PlateReading(FoundPlate(quad_at(10), 0.9, (1, 0, 0, 0)), Reading(rows, parsed, quad_at(10.04)))


def test_image_record_is_the_documented_one() -> None:
    """A still's record has the documented fields, in their order, with text in NFC without spaces."""
    record = image_record(frame(0), FrameResult((nepali_plate(),), 4.1234, 0.5678))
    assert list(record) == ["source", "frame", "plates", "ms"]
    assert record["ms"] == {"detect": 4.12, "read": 0.57}
    (found,) = record["plates"]
    assert list(found) == PLATE_FIELDS
    assert found["text"] == "बा७९प५००७"
    assert found["rows"] == ["बा७९प", "५००७"]
    assert (found["latin"], found["valid"], found["confidence"]) == ("BA79PA5007", True, 0.98)
    assert found["char_confidences"] == [0.98] * 8
    assert list(found["fields"].items())[:3] == [("form", "zonal"), ("zone", "बा"), ("zone_name", "Bagmati")]
    assert found["quad"] == [[10.0, 50.0], [70.0, 50.0], [70.0, 70.0], [10.0, 70.0]]


def test_image_without_plates_says_so() -> None:
    """No plate is an empty list, not a missing field."""
    assert image_record(frame(3), FrameResult((), 1.0, 0.0))["plates"] == []


def test_strange_plate_comes_through() -> None:
    """A reading that no form allows is there with its text, not valid and without fields."""
    (found,) = image_record(frame(0), FrameResult((plate("0A7X"),), 1, 1))["plates"]
    assert (found["text"], found["valid"], found["fields"]) == ("0A7X", False, {})


def test_unreadable_picture_has_an_error() -> None:
    """A picture that can't be read is named, with why."""
    assert error_record(UnreadableImage("a.jpg", "cut short")) == {"source": "a.jpg", "frame": 0, "error": "cut short"}


def test_event_record_is_the_documented_one() -> None:
    """An event has the documented fields beside the plate's, with UTC times in ISO 8601."""
    tracker = new_tracker()
    (event,) = [event for i in range(4) for event in tracker.update(frame(i), [plate("A10")])]
    record = event_record(event)
    assert list(record) == [
        "event",
        "schema",
        "id",
        "source",
        "first_seen",
        "last_seen",
        "frames",
        "votes",
        *PLATE_FIELDS,
    ]
    assert (record["event"], record["source"], record["frames"]) == ("plate", "clip.mp4", 4)
    assert (record["first_seen"], record["last_seen"]) == ("2026-03-01T06:00:00.000Z", "2026-03-01T06:00:00.300Z")


def test_times_carry_the_local_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are those of the device's zone, with the offset; Z stands for UTC; the id stays that of UTC."""
    tracker = new_tracker()
    (event,) = [event for i in range(4) for event in tracker.update(frame(i), [plate("A10")])]
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    record = event_record(event)
    monkeypatch.undo()
    time.tzset()
    assert (record["first_seen"], record["id"]) == ("2026-03-01T11:45:00.000+05:45", "20260301T060000000-1")
    jsonschema.validate(record, event_schema())


def test_the_schema_knows_both_kinds() -> None:
    """`left` needs dwell time and direction, `plate` doesn't, and there is no third kind."""
    visits = Visits(new_tracker(), reports_left=True)
    for i in range(4):
        visits.update(frame(i), [plate("A10")])
    (left,) = (event_record(event) for event in visits.flush())
    without = {key: value for key, value in left.items() if key != "dwell_s"}
    valid = jsonschema.Draft202012Validator(event_schema()).is_valid
    assert left["event"] == "left"
    assert [valid(r) for r in (left, without, without | {"event": "plate"}, left | {"event": "x"})] == [1, 0, 1, 0]


def test_live_records_tell_the_age_of_their_frame() -> None:
    """What came from a camera says how old the frame was; what came from a file doesn't."""
    result = FrameResult((), 1.0, 0.0)
    assert image_record(frame(0, age_ms=12.345), result)["age_ms"] == 12.3
    assert "age_ms" not in image_record(frame(0), result)
    tracker = new_tracker()
    events = [e for i in range(4) for e in tracker.update(replace(frame(i), age_ms=7.0), [plate("A10")])]
    assert event_record(events[0])["age_ms"] == 7.0


def test_character_record_is_the_documented_one() -> None:
    """A crop's record is its source, label and confidence."""
    assert character_record("a.png", "बा", 0.98765) == {"source": "a.png", "label": "बा", "confidence": 0.9877}


class Stream(io.StringIO):
    """Counts flushes, and can be full or closed at the other end."""

    def __init__(self, error: OSError | None = None) -> None:
        super().__init__()
        self.flushes = 0
        self.error = error

    def flush(self) -> None:
        self.flushes += 1
        if self.error and self.flushes:
            raise self.error


def test_lines_are_json_in_utf8_and_flushed() -> None:
    """Each record is one line, Devanagari as itself, flushed before the next frame is looked at."""
    stream = Stream()
    sink = JsonLines(stream)
    sink.write({"text": "बा७९प५००७"})
    assert stream.getvalue() == '{"text": "बा७९प५००७"}\n'
    assert stream.flushes == 1
    sink.write({"text": "a\nb"})
    assert stream.getvalue().count("\n") == 2


def test_records_are_plain_values() -> None:
    """Whatever numpy gave, records hold Python's own values, which JSON keeps."""
    record: dict[str, Any] = image_record(frame(0), FrameResult((nepali_plate(), plate("A1")), 1, 1))
    assert json.loads(json.dumps(record)) == record


def test_full_disk_is_one_clear_line() -> None:
    """Where stdout goes to a full disk, the user is told, and it isn't taken for a closed pipe."""
    with pytest.raises(LprError, match=r"can't write a record .*No space left"):
        JsonLines(Stream(OSError(28, "No space left on device"))).write({})
    with pytest.raises(BrokenPipeError):
        JsonLines(Stream(BrokenPipeError(32, "Broken pipe"))).write({})


def test_the_schema_is_generated_from_the_record(repository: Path) -> None:
    """The fleet's event schema is that of the typed record, and every event that is made is valid under it."""
    schema = json.loads((repository / "edge/fleet/schema/event.json").read_text(encoding="utf-8"))
    assert schema == event_schema()
