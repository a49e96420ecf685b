import base64
import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlencode

import cv2
import jsonschema
import numpy as np
import pytest
from tests.edge.http_api.test_request_form import PLAIN, multipart
from tests.support.deliveries import free_port, wait_until
from tests.support.golden.tinyland import Scene

from lpr_edge.app.cli import main
from lpr_edge.base.web_address import WebAddress
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.http_api.codeproject import INTERFACE as CODEPROJECT
from lpr_edge.http_api.interface import Interface
from lpr_edge.http_api.open_api import INTERFACES, PictureServer, open_http_api
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.plates import FrameResult

TOKEN = "correct-horse-battery"
Answer = tuple[int, dict[str, str], Any]


@contextmanager
def serving(pipeline: PlatePipeline, token: str = "", **options: Any) -> Iterator[PictureServer]:
    chosen = {"largest_body": 1_000_000, "max_waiting": 4, "timeout_s": 20.0} | options
    server = open_http_api(WebAddress("127.0.0.1", free_port()), token, pipeline, **chosen)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def server(plate_reader: PlatePipeline) -> Iterator[PictureServer]:
    with serving(plate_reader) as started:
        yield started


def ask(server: PictureServer, method: str, path: str, body: bytes = b"", **given: str) -> Answer:
    """Status, headers and JSON, or text, of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): text for name, text in given.items()})
        answer = connection.getresponse()
        data = answer.read()
        kind = answer.headers.get_content_type()
        headers = {name.lower(): text for name, text in answer.getheaders()}
        return answer.status, headers, json.loads(data) if kind.endswith("json") else data.decode()
    finally:
        connection.close()


def send(server: PictureServer, path: str, parts: dict[str, str | bytes], **headers: str) -> Answer:
    kind, body = multipart(parts)
    return ask(server, "POST", path, body, Content_Type=kind, **headers)


def jpeg(image: Image) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def described(server: PictureServer, path: str, status: int) -> dict[str, Any]:
    """The schema that /openapi.json gives an answer."""
    paths = ask(server, "GET", "/openapi.json")[2]["paths"]
    found = paths[path]["post"]["responses"][str(status)]["content"]["application/json"]["schema"]
    return cast(dict[str, Any], found)


def test_plate_recognizer_answers_with_the_plates(server: PictureServer, scenes: tuple[Scene, ...]) -> None:
    """A multipart upload is answered as Plate Recognizer does, small Latin letters included, with lpr's own record."""
    quad, rows = scenes[0].plates[0]
    parts: dict[str, str | bytes] = {"upload": jpeg(scenes[0].image_bgr), "regions": "np", "camera_id": "gate"}
    parts["timestamp"] = "2026-01-01 06:00"
    status, _, answer = send(server, "/v1/plate-reader/", parts)
    assert status == 200
    jsonschema.validate(answer, described(server, "/v1/plate-reader/", 200))
    result = answer["results"][0]
    assert result["plate"] == "".join(rows).lower()
    assert result["lpr"]["rows"] == list(rows)
    assert result["region"]["code"] == "tinyland"
    assert (answer["filename"], answer["camera_id"], answer["timestamp"]) == ("car.jpg", "gate", "2026-01-01 06:00")
    box = [result["box"][side] for side in ("xmin", "ymin", "xmax", "ymax")]
    assert np.allclose(box, [*quad.min(axis=0), *quad.max(axis=0)], atol=8)


def test_codeproject_answers_with_the_plates(server: PictureServer, scenes: tuple[Scene, ...]) -> None:
    """The picture may be called `upload` or `image`; both paths of CodeProject.AI answer."""
    for path in CODEPROJECT.paths:
        for name in ("upload", "image"):
            status, _, answer = send(server, path, {name: jpeg(scenes[1].image_bgr)})
            assert status == 200
            jsonschema.validate(answer, described(server, path, 200))
            assert answer["predictions"][0]["plate"] == "".join(scenes[1].plates[0][1]).lower()


def test_min_confidence_of_the_request_decides(plate_reader: PlatePipeline, scenes: tuple[Scene, ...]) -> None:
    """A client's `min_confidence` replaces lpr's own threshold, downwards and upwards."""
    strict = PlatePipeline(plate_reader.detector, plate_reader.reader, 1.0)
    picture = jpeg(scenes[0].image_bgr)
    with serving(strict) as server:
        counts = [
            send(server, "/v1/vision/alpr", {"upload": picture} | parts)[2]["count"]
            for parts in ({}, {"min_confidence": "0.1"}, {"min_confidence": "1"})
        ]
    assert counts == [0, 1, 0]


@pytest.mark.parametrize("kind", [PLAIN, "application/json"])
def test_base64_is_read(server: PictureServer, scenes: tuple[Scene, ...], kind: str) -> None:
    """Plate Recognizer's other way, the picture in base64, gives the same plate."""
    fields = {"upload": base64.b64encode(jpeg(scenes[0].image_bgr)).decode()}
    body = (json.dumps if kind != PLAIN else urlencode)(fields).encode()
    answer = ask(server, "POST", "/v1/plate-reader", body, Content_Type=kind)[2]
    assert answer["results"][0]["plate"] == "".join(scenes[0].plates[0][1]).lower()


def test_no_plate_is_no_error(server: PictureServer) -> None:
    """A picture without plates is answered with empty lists."""
    empty = jpeg(np.full((120, 160, 3), 127, np.uint8))
    assert send(server, "/v1/plate-reader/", {"upload": empty})[2]["results"] == []
    assert send(server, "/v1/vision/alpr", {"upload": empty})[2]["message"] == "No plates found"


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda one: one.title)
def test_refusals_are_as_described(server: PictureServer, interface: Interface) -> None:
    """What can't be read is refused with 400 or 413 and a reason, in the interface's own form."""
    path = interface.paths[0]
    huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2
    for parts, status, says in (
        ({}, 400, "no picture"),
        ({"upload": b"no picture"}, 400, "no picture that OpenCV can read"),
        ({"upload": huge}, 400, "60000×60000 pixels"),
        ({"upload": bytes(1_200_000)}, 413, "more than 1000000 bytes"),
    ):
        found, _, answer = send(server, path, cast(dict[str, str | bytes], parts))
        assert (found, says in json.dumps(answer, ensure_ascii=False)) == (status, True), answer
        jsonschema.validate(answer, described(server, path, status))


def test_addresses_are_not_fetched(server: PictureServer) -> None:
    """`upload_url` would let anybody ask things of the network that lpr stands in: it is refused."""
    status, _, answer = send(server, "/v1/plate-reader/", {"upload_url": "http://127.0.0.1/secret.jpg"})
    assert (status, "isn't fetched" in answer["detail"]) == (400, True)


class SlowPipeline(PlatePipeline):
    """Reads when it is let."""

    released = threading.Event()

    def read(self, frame_bgr: Image, plan: Any = None, expected: Any = None) -> FrameResult:
        self.released.wait(20)
        return super().read(frame_bgr, plan, expected)


def slow(pipeline: PlatePipeline) -> SlowPipeline:
    SlowPipeline.released = threading.Event()
    return SlowPipeline(pipeline.detector, pipeline.reader)


def test_who_comes_too_much_is_told_when_to_come_again(plate_reader: PlatePipeline, scenes: tuple[Scene, ...]) -> None:
    """Beyond the queue's places the answer is 503 with Retry-After, at once; those who wait get their plates."""
    parts: dict[str, str | bytes] = {"upload": jpeg(scenes[0].image_bgr)}
    pipeline, found = slow(plate_reader), []
    with serving(pipeline, max_waiting=2) as server:

        def wait() -> None:
            found.append(send(server, "/v1/vision/alpr", parts)[2]["count"])

        clients = [threading.Thread(target=wait) for _ in range(2)]
        for client in clients:
            client.start()
        wait_until(lambda: ask(server, "GET", "/health")[2]["waiting"] == 2)
        status, headers, answer = send(server, "/v1/vision/alpr", parts)
        assert (status, headers["retry-after"], answer["success"]) == (503, "2", False)
        pipeline.released.set()
        for client in clients:
            client.join(20)
        assert found == [1, 1]


def test_a_picture_that_takes_too_long_is_given_up(plate_reader: PlatePipeline, scenes: tuple[Scene, ...]) -> None:
    """After the time-out the client gets 503, and its place is free again."""
    pipeline = slow(plate_reader)
    with serving(pipeline, timeout_s=0.2) as server:
        status, headers, _ = send(server, "/v1/plate-reader/", {"upload": jpeg(scenes[0].image_bgr)})
        assert (status, "retry-after" in headers) == (503, True)
        assert ask(server, "GET", "/health")[2] == {"healthy": True, "waiting": 0}
        pipeline.released.set()


@pytest.mark.parametrize(
    "login", [f"Token {TOKEN}", f"Bearer {TOKEN}", f"Basic {base64.b64encode(f'x:{TOKEN}'.encode()).decode()}"]
)
def test_the_token_is_asked_for(plate_reader: PlatePipeline, scenes: tuple[Scene, ...], login: str) -> None:
    """With a token nobody reads without it; Plate Recognizer's `Token`, Bearer and Basic all carry it."""
    parts: dict[str, str | bytes] = {"upload": jpeg(scenes[0].image_bgr)}
    with serving(plate_reader, TOKEN) as server:
        assert send(server, "/v1/plate-reader/", parts)[0] == 401
        assert send(server, "/v1/plate-reader/", parts, Authorization="Token wrong")[0] == 401
        assert send(server, "/v1/plate-reader/", parts, Authorization=login)[0] == 200
        described = ask(server, "GET", "/openapi.json", Authorization=login)[2]
        assert described["security"] == [{"token": []}]


def test_without_a_token_only_this_machine_is_answered(plate_reader: PlatePipeline) -> None:
    """Another name than localhost is refused unless everybody is let in."""
    with serving(plate_reader) as server:
        assert ask(server, "GET", "/health", Host="lpr.example")[0] == 421
    with serving(plate_reader, is_open=True) as server:
        assert ask(server, "GET", "/health", Host="lpr.example")[0] == 200


def test_nothing_of_a_picture_is_stored(
    server: PictureServer, scenes: tuple[Scene, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a picture opens no file."""
    import builtins
    import io
    import tempfile

    def refuse(*words: object, **_: object) -> Any:
        raise AssertionError(f"a file is opened: {words}")

    for module, name in ((builtins, "open"), (io, "open"), (tempfile, "SpooledTemporaryFile")):
        monkeypatch.setattr(module, name, refuse)
    assert send(server, "/v1/plate-reader/", {"upload": jpeg(scenes[0].image_bgr)})[2]["results"]


def test_serve_says_what_is_wrong(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong address, no places, and a token that nobody is asked for, are refused in a line each."""
    monkeypatch.setenv("LPR_WEB_TOKEN", "")
    for words, says in (
        (["--listen", "nowhere"], "Setting `listen` is 'nowhere'"),
        (["--queue", "0"], "Setting `queue` is 0"),
        (["--token-free", "--web-token", TOKEN], "leave one of them out"),
    ):
        assert main(["serve", *words]) == 1
        assert says in capsys.readouterr().err


def test_the_missing_extra_is_named(plate_reader: PlatePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Starlette the error says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "lpr_edge.http_api.api", None)
    with pytest.raises(LprError, match=re.escape("pip install 'lpr[web]'")):
        open_http_api(WebAddress("127.0.0.1", 1), "", plate_reader, 1, 1, 1.0)


def test_the_description_names_every_path(server: PictureServer) -> None:
    """OpenAPI's document has each path once, each with its answers."""
    paths = ask(server, "GET", "/openapi.json")[2]["paths"]
    assert paths.keys() == {path for one in INTERFACES for path in one.paths} | {"/health", "/openapi.json"}
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(set(names)) == len(names)
