"""The records that leave the device, typed; their JSON schema is generated from these types.

Field names are public: they change only with a major version. Fields may be added within a schema version.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    NotRequired,
    Protocol,
    Required,
    TypedDict,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:  # --help reads this module, and needs no NumPy
    from lpr_edge.contract.base.arrays import Image, Quad
    from lpr_edge.contract.rows import Character

Record = dict[str, Any]
"""Plain values, as `json.dumps` takes them."""

SCHEMA = 1
"""Version of events, status and metrics; it rises where a field's meaning changes, not where one is added."""
MAX_VOTES = 5
"""Texts listed in an event's `votes`."""

Time = Annotated[
    str,
    {
        "description": "ISO 8601, local time with its offset from UTC; Z where there is none.",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$",
    },
]
Direction = Annotated[
    str | None,
    {
        "description": "`in` or `out` where the plate has crossed --line; else `towards`, `away`, `left` or `right`, "
        "as the camera sees it; null where the vehicle hardly moved.",
    },
]
Share = Annotated[float, {"minimum": 0, "maximum": 1}]
Count = Annotated[int, {"minimum": 1}]
Corner = Annotated[list[float], {"minItems": 2, "maxItems": 2}]


class VoteRecord(TypedDict):
    """A text that some frames of a vehicle read."""

    text: str
    frames: Count
    confidence: Share


class _PlateKind(TypedDict):
    event: Annotated[str, {"const": "plate"}]


class _LeftKind(TypedDict):
    event: Annotated[str, {"const": "left"}]


class VisitRecord(TypedDict, total=False):
    """Fields that all events of a visit share."""

    schema: Required[Annotated[int, {"const": SCHEMA}]]
    id: Required[
        Annotated[str, {"description": "Unique on the device; `plate` and `left` of a visit share it.", "minLength": 1}]
    ]
    source: Required[Annotated[str, {"description": "Camera, file, or a stream's address without its login."}]]
    first_seen: Required[Time]
    last_seen: Required[Time]
    frames: Required[Annotated[int, {"description": "Number of frames in which the plate was read.", "minimum": 1}]]
    votes: Annotated[
        list[VoteRecord], {"description": "Texts of single frames, the most frequent first.", "maxItems": MAX_VOTES}
    ]
    text: Required[
        Annotated[
            str,
            {
                "description": "The vote over all readings: the rows joined, without spaces, NFC; with --hash-plates a "
                "keyed hash."
            },
        ]
    ]
    rows: list[str]
    latin: Annotated[str, {"description": "The text in Latin letters and digits."}]
    valid: Annotated[bool, {"description": "Whether the country's grammar allows the text."}]
    fields: Annotated[dict[str, str], {"description": "The meaning of the text's parts, by the country's own names."}]
    colour: Annotated[
        str | None, {"description": "The plate's colour, by the country's own names; null where it is unknown."}
    ]
    confidence: Required[
        Annotated[float, {"description": "Probability that the text is right.", "minimum": 0, "maximum": 1}]
    ]
    char_confidences: list[Share]
    quad: Annotated[
        list[Corner],
        {
            "description": "The plate's corners in the best frame, clockwise from its own top left, in pixels.",
            "minItems": 4,
            "maxItems": 4,
        },
    ]
    matched: NotRequired[
        Annotated[
            dict[str, Any] | None,
            {"description": "The listed plate that this is, where the device has a list; null where it is none."},
        ]
    ]
    age_ms: NotRequired[
        Annotated[
            float, {"description": "Age of the best frame when it was read; cameras and streams alone.", "minimum": 0}
        ]
    ]


class EventRecord(_PlateKind, VisitRecord, total=False):
    """A vehicle is present, and its plate was read. A record with the same id is the same event, delivered again."""

    direction: Direction


class LeftRecord(_LeftKind, VisitRecord, total=False):
    """The vehicle has left; only with `--events all`. It repeats the reading."""

    dwell_s: Required[Annotated[float, {"description": "Seconds from `first_seen` to `last_seen`.", "minimum": 0}]]
    direction: Required[Direction]


class ReadText(Protocol):
    """The part of a reading that a watch list needs."""

    @property
    def characters(self) -> "tuple[tuple[Character, ...], ...]":
        """Row by row from the top, each from left to right."""

    @property
    def text(self) -> str:
        """The rows joined, without spaces, NFC."""

    @property
    def is_valid(self) -> bool:
        """Whether the country's grammar allows the text."""


class Sighting(Protocol):
    """What a sink may use of an event in addition to its record: the image, and the plate in it."""

    @property
    def frame_bgr(self) -> "Image":
        """(H, W, 3) uint8: the frame that shows the plate best."""

    @property
    def quad_xy(self) -> "Quad":
        """(4, 2) float32 corners of the plate in `frame_bgr`."""

    @property
    def voted(self) -> ReadText:
        """The reading that results from the vote over all frames."""


def iso_time(time: datetime) -> str:
    """Format a time as UTC, ISO 8601, in milliseconds: `2026-03-01T06:00:00.040Z`."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_time(time: datetime) -> str:
    """ISO 8601 to the millisecond with this machine's offset: `2026-03-01T11:45:00.040+05:45`; Z where it is UTC."""
    return iso_time(time.astimezone())


def delivery_key(record: Record) -> str:
    """Key of an event's delivery: its id and, for all kinds but `plate`, the kind; equal keys are the same event."""
    kind = record.get("event", "plate")
    return str(record["id"]) if kind == "plate" else f"{record['id']}-{kind}"


EVENT_RECORDS: Mapping[str, Any] = {"plate": EventRecord, "left": LeftRecord}
"""Kind of an event -> its record."""


def event_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of an event's message, of either kind."""
    kinds = {kind: _object_schema(record) for kind, record in EVENT_RECORDS.items()}
    plate, left = kinds["plate"], kinds["left"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"lpr/<device>/event, version {SCHEMA}",
        "description": "One message for each vehicle's visit, and with --events all another one when it has left; "
        "QoS 1, not retained. Fields may be added within a version; one whose meaning changes raises it. The same id "
        "and kind again is the same event, delivered twice.",
        **plate,
        "properties": plate["properties"] | left["properties"] | {"event": {"enum": list(kinds)}},
        "if": {"properties": {"event": left["properties"]["event"]}},
        "then": {"required": [name for name in left["required"] if name not in plate["required"]]},
    }


def _object_schema(record: Any) -> dict[str, Any]:
    hints = get_type_hints(record, include_extras=True)
    required = [name for name in hints if name in record.__required_keys__]
    return {
        "type": "object",
        "required": required,
        "properties": {name: _schema_of(_bare(hint)) for name, hint in hints.items()},
    }


def _bare(hint: Any) -> Any:
    """Type of a field without `Required` and `NotRequired`."""
    return get_args(hint)[0] if get_origin(hint) in (Required, NotRequired) else hint


NAMES: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object"}


def _schema_of(hint: Any) -> dict[str, Any]:
    """The JSON schema of a field's type, with what `Annotated` adds."""
    if get_origin(hint) is Annotated:
        inner, extra = get_args(hint)
        added: dict[str, Any] = extra
        return added if "const" in added else _schema_of(inner) | added
    if hasattr(hint, "__required_keys__"):
        return _object_schema(hint)
    if get_origin(hint) is list:
        return {"type": "array", "items": _schema_of(get_args(hint)[0])}
    options: Sequence[Any] = [option for option in get_args(hint) if option is not type(None)]
    if type(None) in get_args(hint):
        return {"type": [_schema_of(options[0])["type"], "null"]}
    return {"type": NAMES[get_origin(hint) or hint]}
