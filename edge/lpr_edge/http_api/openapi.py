"""The interfaces' description in OpenAPI 3.1, served as `/openapi.json`."""

from collections.abc import Mapping
from types import ModuleType

from lpr_edge.contract.records import Record
from lpr_edge.http_api import codeproject, plate_recognizer

INTERFACES: Mapping[str, ModuleType] = {"Plate Recognizer": plate_recognizer, "CodeProject.AI": codeproject}
"""Title -> its module, which has PATHS, FIELDS, REQUIRED, ANSWER and ERROR."""
ERRORS = {
    "400": "the request or its picture can't be read",
    "408": "the request didn't come in time",
    "413": "the request is larger than --max-size",
    "503": "too much is asked at once, or the picture took too long: see Retry-After",
}
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded", "application/json")
HEALTH = {
    "type": "object",
    "required": ["healthy", "waiting"],
    "properties": {"healthy": {"type": "boolean"}, "waiting": {"type": "integer", "minimum": 0}},
}


def describe(version: str, has_token: bool) -> Record:
    """The whole description.

    Args:
        version: lpr's.
        has_token: whether a token is asked for.
    """
    paths: Record = {
        path: {"post": _operation(title, module, index)}
        for title, module in INTERFACES.items()
        for index, path in enumerate(module.PATHS)
    }
    paths["/health"] = {"get": _get("health", "Whether pictures are read, and how many requests wait.", HEALTH)}
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


def _operation(title: str, module: ModuleType, index: int) -> Record:
    form = {"type": "object", "required": list(module.REQUIRED), "properties": module.FIELDS}
    errors = {status: _json(text, module.ERROR) for status, text in ERRORS.items()}
    errors["503"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    return {
        "summary": f"Read the plates of a picture, as {title} does",
        "operationId": f"{title.replace(' ', '').replace('.', '')}{index or ''}",
        "requestBody": {"required": True, "content": {kind: {"schema": form} for kind in FORMS}},
        "responses": {"200": _json("the plates", module.ANSWER), **errors},
    }


def _get(name: str, summary: str, schema: Record) -> Record:
    return {"summary": summary, "operationId": name, "responses": {"200": _json(summary, schema)}}


def _json(text: str, schema: Record) -> Record:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _text(text: str) -> Record:
    return {"description": text, "content": {"text/plain": {"schema": {"type": "string"}}}}
