"""CodeProject.AI's interface, `POST /v1/vision/alpr`: what a request may say, and the answer.

Source: codeproject.github.io/codeproject.ai/api/api_reference.html ("License Plate Reader"), and what its clients read
of an answer: ljmerza/frigate_plate_recognizer, roflcoopter/viseron.
"""

from lpr_edge.contract.records import Record
from lpr_edge.http_api.interface import Interface, object_schema
from lpr_edge.http_api.plate_fields import ANY_RECORD, bounding_box, latin_plate
from lpr_edge.http_api.reading_queue import PictureResult
from lpr_edge.http_api.request_form import SHARE, Form, Upload
from lpr_edge.tracking.event_record import plate_record
from lpr_edge.vision.plates import PlateReading

PATHS = ("/v1/vision/alpr", "/v1/image/alpr")
"""The second is that of the server's first versions."""


def request_picture(form: Form) -> Upload:
    """The image of a request; the documented field is `upload`, some clients send `image`.

    Raises:
        DataError: there is none.
    """
    return form.picture("upload", "image")


def to_answer(form: Form, _upload: Upload, result: PictureResult, _region: str, took_ms: float) -> Record:
    """Make the response.

    Args:
        form: the request's; with `min_confidence` it decides which plates are given, else lpr's own threshold does.
        result: the plates of the picture.
        took_ms: for the whole picture.

    Raises:
        DataError: `min_confidence` is no number from 0 to 1.
    """
    least = form.number("min_confidence")
    plates = result.found.plates
    if least is not None:
        plates = tuple(plate for plate in result.found.all_plates if plate.reading.confidence >= least)
    predictions = [_to_prediction(plate, result) for plate in plates if plate.reading.characters]
    names = ", ".join(prediction["plate"] for prediction in predictions)
    return {
        "success": True,
        "code": 200,
        "message": f"Found {names}" if names else "No plates found",
        "predictions": predictions,
        "count": len(predictions),
        "inferenceMs": round(result.found.detect_ms + result.found.read_ms),
        "processMs": round(took_ms),
        "moduleId": "lpr",
        "command": "alpr",
    }


def to_error(status: int, text: str) -> Record:
    """Make the response for an image that can't be read."""
    return {"success": False, "code": status, "error": text, "predictions": []}


def _to_prediction(plate: PlateReading, result: PictureResult) -> Record:
    left, top, right, bottom = bounding_box(plate, result.size_wh)
    text = latin_plate(plate)
    return {
        "confidence": round(plate.reading.confidence, 3),
        "label": f"Plate: {text}",
        "plate": text,
        "x_min": left,
        "y_min": top,
        "x_max": right,
        "y_max": bottom,
        "lpr": plate_record(plate),
    }


_WHOLE = {"type": "integer", "minimum": 0}
ANSWER = object_schema(
    success={"const": True},
    code={"const": 200},
    message={"type": "string"},
    predictions={
        "type": "array",
        "items": object_schema(
            confidence={"type": "number", "minimum": 0, "maximum": 1},
            label={"type": "string"},
            plate={"type": "string", "description": "Latin letters, small, without spaces"},
            x_min=_WHOLE,
            y_min=_WHOLE,
            x_max=_WHOLE,
            y_max=_WHOLE,
            lpr=ANY_RECORD,
        ),
    },
    count=_WHOLE,
    inferenceMs=_WHOLE,
    processMs=_WHOLE,
    moduleId={"type": "string"},
    command={"type": "string"},
)
ERROR = object_schema(
    success={"const": False}, code={"type": "integer"}, error={"type": "string"}, predictions={"type": "array"}
)
FIELDS = {
    "upload": {
        "type": "string",
        "format": "binary",
        "description": "the picture: a file, or its bytes in base64; some clients call it `image`",
    },
    "min_confidence": {
        "type": ["number", "string"],
        "minimum": 0,
        "maximum": 1,
        "pattern": f"^{SHARE}?$",
        "description": "leave out plates below it",
    },
}
INTERFACE = Interface("CodeProject.AI", PATHS, request_picture, to_answer, to_error, FIELDS, ("upload",), ANSWER, ERROR)
