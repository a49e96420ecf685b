"""Plate Recognizer's interface, `POST /v1/plate-reader/`: what a request may say, and the answer.

Source: guides.platerecognizer.com/docs/snapshot/api-reference ("Read Number Plates from an Image"), and what
its clients read of an answer: ljmerza/frigate_plate_recognizer, robmarkcole/HASS-plate-recognizer.
"""

from datetime import UTC, datetime

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.records import Record
from lpr_edge.http_api.interface import Interface, object_schema
from lpr_edge.http_api.plate_fields import ANY_RECORD, bounding_box, latin_plate
from lpr_edge.http_api.reading_queue import PictureResult
from lpr_edge.http_api.request_form import Form, Upload
from lpr_edge.tracking.event_record import plate_record
from lpr_edge.vision.plates import PlateReading

PATHS = ("/v1/plate-reader/", "/v1/plate-reader")
VERSION = 1
"""Of the answer's form."""


def request_picture(form: Form) -> Upload:
    """The image of a request.

    Raises:
        DataError: there is none, or its address in place of it.
    """
    if form.text("upload_url") and "upload" not in form.files and not form.text("upload"):
        raise DataError("`upload_url` isn't fetched: send the picture itself as `upload`")
    return form.picture("upload")


def to_answer(form: Form, upload: Upload, result: PictureResult, region: str, took_ms: float) -> Record:
    """Make the response.

    Args:
        form: the request's; `regions`, `mmc` and `config` change nothing, as one country's plates are read.
        upload: its picture.
        result: the plates on it.
        region: the country's name.
        took_ms: for the whole picture.
    """
    return {
        "processing_time": round(took_ms, 3),
        "results": [_to_result(plate, result, region) for plate in result.found.plates],
        "filename": upload.name,
        "version": VERSION,
        "camera_id": form.text("camera_id"),
        "timestamp": form.text("timestamp") or datetime.now(UTC).isoformat(),
    }


def to_error(status: int, text: str) -> Record:
    """Make the response for an image that can't be read."""
    return {"detail": text, "status_code": status}


def _to_result(plate: PlateReading, result: PictureResult, region: str) -> Record:
    left, top, right, bottom = bounding_box(plate, result.size_wh)
    box = {"xmin": left, "ymin": top, "xmax": right, "ymax": bottom}
    text, score = latin_plate(plate), round(plate.reading.confidence, 3)
    return {
        "plate": text,
        "score": score,
        "dscore": round(plate.found.score, 3),
        "box": box,
        "candidates": [{"plate": text, "score": score}],
        "region": {"code": region, "score": 1.0 if plate.reading.is_valid else 0.0},
        "vehicle": {"type": "Unknown", "score": 0.0, "box": box},
        "lpr": plate_record(plate),
    }


_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_BOX = {
    "type": "object",
    "required": ["xmin", "ymin", "xmax", "ymax"],
    "properties": {name: {"type": "integer", "minimum": 0} for name in ("xmin", "ymin", "xmax", "ymax")},
}


ANSWER = object_schema(
    processing_time={"type": "number", "minimum": 0, "description": "milliseconds"},
    results={
        "type": "array",
        "items": object_schema(
            plate={"type": "string", "description": "Latin letters, small, without spaces"},
            score=_SHARE | {"description": "probability that the whole plate is right"},
            dscore=_SHARE | {"description": "the detector's score"},
            box=_BOX,
            candidates={"type": "array", "items": object_schema(plate={"type": "string"}, score=_SHARE)},
            region=object_schema(code={"type": "string"}, score=_SHARE),
            vehicle=object_schema(type={"type": "string"}, score=_SHARE, box=_BOX),
            lpr=ANY_RECORD,
        ),
    },
    filename={"type": "string"},
    version={"const": VERSION},
    camera_id={"type": ["string", "null"]},
    timestamp={"type": "string"},
)
ERROR = object_schema(detail={"type": "string"}, status_code={"type": "integer"})
FIELDS = {
    "upload": {"type": "string", "format": "binary", "description": "the picture: a file, or its bytes in base64"},
    "regions": {"description": "taken, and not used"},
    "camera_id": {"description": "given back as a text"},
    "timestamp": {"description": "given back as a text"},
    "mmc": {"description": "taken, and not used"},
    "config": {"description": "taken, and not used"},
}
INTERFACE = Interface(
    "Plate Recognizer", PATHS, request_picture, to_answer, to_error, FIELDS, ("upload",), ANSWER, ERROR
)
