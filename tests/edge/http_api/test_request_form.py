import base64
import json
from contextlib import suppress
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_edge.contract.base.errors import DataError
from lpr_edge.http_api.request_form import MAX_FIELDS, Form, Upload, parse_form

PLAIN = "application/x-www-form-urlencoded"


def multipart(parts: dict[str, str | bytes], boundary: str = "b0undary") -> tuple[str, bytes]:
    """A form's content type and body; bytes are files."""
    body = b""
    for name, value in parts.items():
        file = '; filename="car.jpg"\r\nContent-Type: image/jpeg' if isinstance(value, bytes) else ""
        data = value if isinstance(value, bytes) else value.encode()
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
    return f'multipart/form-data; boundary="{boundary}"', body + f"--{boundary}--\r\n".encode()


@given(st.binary(max_size=300).filter(lambda data: b"--b0undary" not in data), st.text(max_size=20))
def test_multipart_gives_back_what_was_sent(data: bytes, text: str) -> None:
    """A file's bytes come back as they are, line feeds and dashes included, and a text as it was typed."""
    form = parse_form(*multipart({"upload": data, "camera_id": text.replace("\x00", "")}))
    assert form.files["upload"] == Upload("car.jpg", data)
    assert form.text("camera_id") == text.replace("\x00", "")


@given(st.binary(max_size=200))
def test_hostile_bodies_are_refused_in_one_kind_of_error(body: bytes) -> None:
    """Whatever bytes come, of any type, the answer is a form or a DataError."""
    for kind in ("multipart/form-data; boundary=b", PLAIN, "application/json", "text/plain", ""):
        with suppress(DataError):
            assert isinstance(parse_form(kind, body), Form)


@pytest.mark.parametrize("prefix", ["", "data:image/jpeg;base64,"])
def test_base64_is_taken_in_every_type_of_form(prefix: str) -> None:
    """A picture in base64 comes through multipart, urlencoded (also with an unescaped +) and JSON."""
    data = bytes(range(256))
    text = prefix + base64.b64encode(data).decode()
    assert "+" in text
    for kind, body in (
        multipart({"upload": text}),
        (PLAIN, urlencode({"upload": text}).encode()),
        (PLAIN, f"upload={quote_plus(text, safe='+/=:;,')}".encode()),
        ("application/json", json.dumps({"upload": text}).encode()),
    ):
        assert parse_form(kind, body).picture("upload") == Upload("upload", data)


def test_repeated_fields_are_kept() -> None:
    """`regions` may come more than once, in a form and as a JSON list; numbers of JSON become texts."""
    assert parse_form(PLAIN, b"regions=np&regions=in").texts["regions"] == ["np", "in"]
    form = parse_form("application/json", b'{"regions": ["np", "in"], "min_confidence": 0.5, "camera_id": null}')
    assert (form.texts["regions"], form.number("min_confidence"), form.text("camera_id")) == (["np", "in"], 0.5, None)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"upload": ["AAAA"], "min_confidence": [0.5]}'),
        ("application/json", b'{"upload": [], "min_confidence": []}'),
        (PLAIN, b"upload=AAAA&upload=AAAA&min_confidence=0&min_confidence=1"),
    ],
    ids=["a list", "an empty list", "twice"],
)
def test_fields_of_which_there_is_one_come_once(kind: str, body: bytes) -> None:
    """A picture or a threshold that is a list, or comes twice, is refused: none of them is taken by chance."""
    form = parse_form(kind, body)
    with pytest.raises(DataError, match="`upload` is a list, or comes more than once"):
        form.picture("upload")
    with pytest.raises(DataError, match="`min_confidence` is a list, or comes more than once"):
        form.number("min_confidence")


@pytest.mark.parametrize("text", ["0", "-0.0", "0.", ".5", "1", "1.000", "1e-07", "9.9E-1", "5e-324"])
def test_shares_are_as_json_writes_them(text: str) -> None:
    """A number from 0 to 1 is taken in each form in which programs write one."""
    assert parse_form(PLAIN, f"min_confidence={text}".encode()).number("min_confidence") == float(text)


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("text/plain", b"x", "must be multipart/form-data"),
        ("multipart/form-data", b"x", "must name a boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx", "cut short"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--", "no Content-Disposition"),
        (*multipart({f"f{n}": "" for n in range(MAX_FIELDS + 1)}), "more than 64 parts"),
        (PLAIN, b"&".join([b"a=b"] * (MAX_FIELDS + 1)), "more than 64 fields"),
        ("application/json", b"[" * 100_000, "no JSON"),
        ("application/json", b"[]", "must be a JSON object"),
    ],
)
def test_mistakes_are_named(kind: str, body: bytes, says: str) -> None:
    """What isn't a form is refused with what was expected."""
    with pytest.raises(DataError, match=says):
        parse_form(kind, body)


def test_values_that_cannot_be_used_are_named() -> None:
    """A picture that is missing or no base64, and a share that is none, are refused by their field's name."""
    form = parse_form(PLAIN, b"upload=no~base64&min_confidence=nan")
    with pytest.raises(DataError, match="`upload` is neither a file nor base64"):
        form.picture("upload")
    with pytest.raises(DataError, match="`min_confidence` is 'nan'"):
        form.number("min_confidence")
    with pytest.raises(DataError, match="no picture: send it as the field `upload`"):
        parse_form(PLAIN, b"").picture("upload", "image")
