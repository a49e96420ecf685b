"""Definition of an HTTP interface."""

from collections.abc import Callable
from dataclasses import dataclass

from lpr_edge.contract.records import Record
from lpr_edge.http_api.reading_queue import PictureResult
from lpr_edge.http_api.request_form import Form, Upload


@dataclass(frozen=True)
class Interface:
    """One format of requests and responses."""

    title: str
    """The product that has it."""
    paths: tuple[str, ...]
    request_picture: Callable[[Form], Upload]
    """The picture of a request; raises `DataError` where there is none."""
    to_answer: Callable[[Form, Upload, PictureResult, str, float], Record]
    """The answer: of the request, its picture, what it shows, the country's name, and the milliseconds it took."""
    to_error: Callable[[int, str], Record]
    """The answer where a picture can't be read: of the HTTP status and the reason."""
    fields: Record
    """JSON schema of each field of a request."""
    required: tuple[str, ...]
    """Fields that every request has."""
    answer: Record
    """JSON schema."""
    error: Record
    """JSON schema."""


def object_schema(**properties: Record) -> Record:
    """JSON schema of an object with all of these properties."""
    return {"type": "object", "required": list(properties), "properties": properties}
