"""Convert readings and events to the records that leave the device."""

from lpr_edge.capture.frame import Frame, UnreadableImage
from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.records import MAX_VOTES, SCHEMA, Record, local_time
from lpr_edge.tracking.event import Event, Vote
from lpr_edge.vision.plates import FrameResult, PlateReading


def plate_record(plate: PlateReading) -> Record:
    """Record of one plate's reading."""
    reading = plate.reading
    return {
        "text": reading.text,
        "rows": list(reading.rows),
        "latin": reading.parsed.latin,
        "valid": reading.parsed.valid,
        "fields": reading.parsed.named_fields,
        "confidence": _share(reading.confidence),
        "char_confidences": [_share(score) for score in reading.char_confidences],
        "quad": quad_record(reading.quad_xy),
        "colour": plate.colour or None,
    }


def crop_record(frame: Frame, plate: PlateReading | None) -> Record:
    """Record of one cropped plate; the text is empty if no character was read."""
    empty = {"text": "", "rows": [], "latin": "", "valid": False, "fields": {}, "confidence": 0.0, "quad": []}
    found = empty if plate is None else plate_record(plate)
    return {"source": frame.source} | {key: found[key] for key in empty}


def image_record(frame: Frame, result: FrameResult) -> Record:
    """Record of one image, or of one frame of a video or camera, with all its plates.

    `unsure` lists those whose best reading has a lower confidence than was asked for: where they are, and that reading,
    which is wrong too often to be acted on.
    """
    record: Record = {
        "source": frame.source,
        "frame": frame.index,
        "plates": [plate_record(plate) for plate in result.plates],
        "ms": {"detect": round(result.detect_ms, 2), "read": round(result.read_ms, 2)},
    }
    if result.low_confidence:
        record["unsure"] = [plate_record(plate) for plate in result.low_confidence]
    return record | _age(frame)


def error_record(picture: UnreadableImage) -> Record:
    """Record of an image that can't be read."""
    return {"source": picture.source, "frame": picture.index, "error": picture.error}


def event_record(event: Event) -> Record:
    """Record of a vehicle's best reading; after its departure also its dwell time and direction."""
    has_left = event.kind == "left"
    record: Record = {
        "event": event.kind,
        "schema": SCHEMA,
        "id": event.id,
        "source": event.frame.source,
        "first_seen": local_time(event.first_seen),
        "last_seen": local_time(event.last_seen),
        **({"dwell_s": round(event.dwell_s, 2)} if has_left else {}),
        **({"direction": event.direction} if has_left or event.direction else {}),
        "frames": event.frames,
        "votes": [vote_record(vote) for vote in event.votes[:MAX_VOTES]],
    }
    return record | plate_record(event.plate) | _age(event.frame)


def vote_record(vote: Vote) -> Record:
    """Record of one text of the vote."""
    return {"text": vote.text, "frames": vote.frames, "confidence": _share(vote.confidence)}


def character_record(source: str, label: str | None, confidence: float) -> Record:
    """Record of one cropped character; the label is null if the model rejects it."""
    return {"source": source, "label": label, "confidence": _share(confidence)}


def quad_record(quad_xy: Quad) -> list[list[float]]:
    """Round corners (4, 2) in pixels to one decimal."""
    return [[round(float(x), 1), round(float(y), 1)] for x, y in quad_xy]


def _share(value: float) -> float:
    return round(value, 4)


def _age(frame: Frame) -> Record:
    return {} if frame.age_ms is None else {"age_ms": round(frame.age_ms, 1)}
