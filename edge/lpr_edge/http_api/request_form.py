"""Fields and files of a request's body, parsed in memory: no image is written to the disk."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from lpr_edge.contract.base.errors import DataError

MAX_FIELDS = 64
"""In one request."""
LONGEST_TEXT = 10_000
"""Characters of a field that is no picture."""
SHARE = r"(-?0(\.[0-9]*)?|1(\.0*)?|\.[0-9]+|[0-9](\.[0-9]+)?[eE]-0?[1-9][0-9]*)"
"""A number from 0 to 1 as a text."""
DATA_URL = re.compile(r"data:[^,]{0,100};base64,")
BASE64_NAME = "upload"
"""What a picture is called that comes without a name."""


@dataclass(frozen=True)
class Upload:
    """An uploaded file."""

    name: str
    """As the client calls it; empty where it gives none."""
    data: bytes


@dataclass(frozen=True)
class Form:
    """A parsed request body."""

    texts: Mapping[str, Sequence[str]]
    """Each field's values, in their order."""
    files: Mapping[str, Upload]
    lists: Set[str] = frozenset()
    """Fields that are lists in JSON."""

    def text(self, name: str) -> str | None:
        """First value of a field; None without one."""
        return next(iter(self.texts.get(name, ())), None)

    def number(self, name: str) -> float | None:
        """Value of a field from 0 to 1; None without one.

        Raises:
            DataError: it says something else.
        """
        self._expect_one(name)
        text = self.text(name)
        if not text:
            return None
        if not re.fullmatch(SHARE, text):
            raise DataError(f"`{name}` is {text[:40]!r}, and it must be a number from 0 to 1")
        return float(text)

    def picture(self, *names: str) -> Upload:
        """The first image in one of these fields: a file, or a text in base64.

        Raises:
            DataError: there is none.
        """
        for name in names:
            self._expect_one(name)
            if name in self.files:
                return self.files[name]
            if text := self.text(name):
                return Upload(BASE64_NAME, _from_base64(text, name))
        raise DataError(f"no picture: send it as the field `{names[0]}`, a file of multipart/form-data or base64")

    def _expect_one(self, name: str) -> None:
        if name in self.lists or len(self.texts.get(name, ())) > 1:
            raise DataError(f"`{name}` is a list, or comes more than once: send one")


def parse_form(content_type: str, body: bytes) -> Form:
    """Parse a body of multipart/form-data (RFC 7578), urlencoded fields, or a JSON object.

    Raises:
        DataError: it is of another type, or isn't what its type says.
    """
    message = EmailMessage(policy=HTTP)
    message["Content-Type"] = content_type
    kind = message.get_content_type()
    if kind == "multipart/form-data":
        return _multipart(body, message.get_boundary() or "")
    if kind == "application/x-www-form-urlencoded":
        return _form(_urlencoded(body))
    if kind == "application/json":
        found = _json_object(body)
        lists = frozenset(name for name, value in found.items() if isinstance(value, list))
        return _form(_json_fields(found), lists=lists)
    raise DataError("the body must be multipart/form-data, application/x-www-form-urlencoded or application/json")


def _multipart(body: bytes, boundary: str) -> Form:
    if not 0 < len(boundary) <= 70:
        raise DataError("the Content-Type of multipart/form-data must name a boundary of 1 to 70 characters")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("utf-8", "replace"), MAX_FIELDS + 1)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise DataError(f"the body has more than {MAX_FIELDS} parts, or doesn't end with its boundary: it is cut short")
    texts: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    for piece in pieces[1:-1]:
        name, file_name, data = _part(piece)
        if file_name is None:
            texts.append((name, _decoded(data)))
        else:
            files.setdefault(name, Upload(file_name, data))
    return _form(texts, files)


def _part(piece: bytes) -> tuple[str, str | None, bytes]:
    """Field name, file name (None for a text), and content of a part."""
    head, found, data = piece.partition(b"\r\n\r\n")
    headers = BytesHeaderParser(policy=HTTP).parsebytes(head.lstrip(b" \t\r\n") + b"\r\n\r\n")
    disposition = headers.get("Content-Disposition")
    named = disposition.params if disposition is not None else {}
    if not found or "name" not in named:
        raise DataError("a part of the body has no Content-Disposition with a name")
    return named["name"], named.get("filename"), data


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise DataError(f"the body isn't urlencoded, or has more than {MAX_FIELDS} fields") from error


def _json_object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DataError("the body is no JSON") from error
    if not isinstance(found, dict) or len(found) > MAX_FIELDS:
        raise DataError(f"the body must be a JSON object with up to {MAX_FIELDS} fields")
    return found


def _json_fields(fields: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield name, one if isinstance(one, str) else json.dumps(one)


def _form(
    texts: Iterable[tuple[str, str]], files: Mapping[str, Upload] | None = None, lists: Set[str] = frozenset()
) -> Form:
    by_name: dict[str, list[str]] = {}
    for name, text in texts:
        by_name.setdefault(name, []).append(text)
    return Form(by_name, files or {}, lists)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _from_base64(text: str, name: str) -> bytes:
    """Decode an image; in urlencoded forms with an unescaped `+`, the text has spaces instead."""
    plain = DATA_URL.sub("", text, count=1).replace(" ", "+")
    try:
        return base64.b64decode("".join(plain.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"`{name}` is neither a file nor base64") from error
