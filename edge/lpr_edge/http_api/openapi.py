"""OpenAPI 3.1 description of the interfaces, served as `/openapi.json`."""

from collections.abc import Sequence

from lpr_edge.contract.records import Record
from lpr_edge.http_api.interface import Interface
from lpr_edge.http_api.request_form import MAX_FIELDS

ERRORS = {
    "400": "the request or its picture can't be read",
    "408": "the request didn't come in time",
    "413": "the request is larger than --max-size",
    "503": "too much is asked at once, or the picture took too long: see Retry-After",
}
JSON = "application/json"
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded", JSON)
BASE64 = {"format": "byte", "contentEncoding": "base64"}
"""Of a picture that is a text."""
HEALTH = {
    "type": "object",
    "required": ["healthy", "waiting"],
    "properties": {"healthy": {"type": "boolean"}, "waiting": {"type": "integer", "minimum": 0}},
}


def describe(interfaces: Sequence[Interface], version: str, has_token: bool) -> Record:
    """Make the description.

    Args:
        interfaces: that are served.
        version: lpr's.
        has_token: whether a token is asked for.
    """
    paths: Record = {
        path: {"post": _operation(interface, index)}
        for interface in interfaces
        for index, path in enumerate(interface.paths)
    }
    health = _get("health", "Whether pictures are read, and how many requests wait.", HEALTH)
    health["responses"]["503"] = _json("pictures aren't read, since a part has failed", HEALTH)
    paths["/health"] = {"get": health}
    paths["/openapi.json"] = {"get": _get("openapi", "This description.", {"type": "object"})}
    scheme = {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token TOKEN`"}
    described: Record = {
        "openapi": "3.1.0",
        "info": {"title": "lpr", "version": version, "description": "Licence plates of pictures, offline."},
        "paths": paths,
    }
    if has_token:
        for path in paths.values():
            for operation in path.values():
                operation["responses"]["401"] = _text("the token is missing or wrong")
        described |= {"components": {"securitySchemes": {"token": scheme}}, "security": [{"token": []}]}
    return described


def _operation(interface: Interface, index: int) -> Record:
    errors = {status: _json(text, interface.error) for status, text in ERRORS.items()}
    errors["503"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    return {
        "summary": f"Read the plates of a picture, as {interface.title} does",
        "operationId": f"{interface.title.replace(' ', '').replace('.', '')}{index or ''}",
        "requestBody": {"required": True, "content": {kind: {"schema": _form(interface, kind)} for kind in FORMS}},
        "responses": {"200": _json("the plates", interface.answer), **errors},
    }


def _form(interface: Interface, kind: str) -> Record:
    """A request's fields in one of FORMS: only multipart carries a picture's bytes as they are."""
    fields = interface.fields
    if kind != FORMS[0]:
        fields = {name: field | BASE64 if field.get("format") == "binary" else field for name, field in fields.items()}
    if kind == JSON:
        fields = {name: _or_null(field) if name not in interface.required else field for name, field in fields.items()}
    return {
        "type": "object",
        "required": list(interface.required),
        "properties": fields,
        "maxProperties": MAX_FIELDS,
    }


def _or_null(field: Record) -> Record:
    """In JSON, null is a field that isn't given."""
    return field if "type" not in field else field | {"type": [*field["type"], "null"]}


def _get(name: str, summary: str, schema: Record) -> Record:
    return {"summary": summary, "operationId": name, "responses": {"200": _json(summary, schema)}}


def _json(text: str, schema: Record) -> Record:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _text(text: str) -> Record:
    return {"description": text, "content": {"text/plain": {"schema": {"type": "string"}}}}
