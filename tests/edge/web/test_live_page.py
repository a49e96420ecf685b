import base64
import re
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from tests.support.deliveries import free_port, record, wait_until
from tests.support.pages import TOKEN, get, get_json, page, raw, show
from tests.support.readings import frame, plate

from lpr_edge.base.log import set_volume
from lpr_edge.base.web_address import WebAddress, is_local
from lpr_edge.capture.frame import Frame
from lpr_edge.config.loading import config_of
from lpr_edge.contract.base.errors import LprError
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.vision.plates import FrameResult
from lpr_edge.web import picture
from lpr_edge.web.picture import LivePage, Picture, encode
from lpr_edge.wiring.wire_web import open_page


def test_nothing_is_drawn_unless_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Showing a frame keeps a reference and no more; it is drawn once for all who ask, and not again until the next."""
    drawn: list[int] = []

    def draw(shown: Frame, *_: object) -> bytes:
        drawn.append(shown.index)
        return b"jpeg"

    monkeypatch.setattr(picture, "encode", draw)
    monkeypatch.setattr(picture, "SHORTEST_S", 0.0)
    shown = Picture()
    assert shown.jpeg() == b""
    for index in range(100):
        shown.show(frame(index), [])
    assert drawn == []
    assert [shown.jpeg() for _ in range(5)] == [b"jpeg"] * 5
    assert (drawn, shown.number) == ([99], 1)
    shown.show(frame(100), [])
    shown.jpeg()
    assert (drawn, shown.number) == ([99, 100], 2)


def test_pictures_are_drawn_no_faster_than_they_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is asked for, a new picture is made at most once in SHORTEST_S."""
    monkeypatch.setattr(picture, "SHORTEST_S", 1000.0)
    shown = Picture()
    for index in range(5):
        shown.show(frame(index), [])
        shown.jpeg()
    assert shown.number == 1


def test_large_frames_are_made_small_with_their_corners() -> None:
    """A frame is shrunk before it is drawn on, and the plate's corners with it."""
    large = cv2.imdecode(np.frombuffer(encode(frame(0), []), np.uint8), cv2.IMREAD_COLOR)
    assert large.shape == (120, 200, 3)
    wide = np.zeros((600, 1920, 3), np.uint8)
    small, scale = picture.shrink(wide)
    assert (small.shape, scale) == ((300, 960, 3), 0.5)
    drawn = cv2.imdecode(np.frombuffer(encode(frame(0), [plate("A10", x=100)]), np.uint8), cv2.IMREAD_COLOR)
    green = np.argwhere(drawn[..., 1] > 120)
    assert 40 < green[:, 0].mean() < 80
    assert green[:, 1].mean() > 90


def test_blurred_pictures_say_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where plates are blurred, the page's picture has corners, and no text beside them."""
    shown = Picture(captions=False)
    shown.show(frame(0), [plate("A10")])
    drawn = cv2.imdecode(np.frombuffer(shown.jpeg(), np.uint8), cv2.IMREAD_COLOR)
    assert drawn[50:70, 50:110].max() > 120
    assert drawn[:44].max() < 30


def test_the_page_shows_picture_events_and_vitals() -> None:
    """Page, script and style come from the device; picture, latest events and how it does beside them."""
    stats = RuntimeStats("gate-1", {"reader": "r.tflite"})
    with page(stats=stats) as live:
        assert get(live, "/picture.jpg")[0] == 204
        show(live, stats)
        for number in range(30):
            stats.count_event(record(number))
        status, headers, jpeg = get(live, "/picture.jpg")
        assert (status, headers["content-type"], headers["x-picture"]) == (200, "image/jpeg", "1")
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (120, 200, 3)
        assert get(live, "/picture.jpg?after=1")[0] == 204
        state = get_json(live, "/state.json")
        assert [event["id"] for event in state["events"]] == [record(number)["id"] for number in range(29, 9, -1)]
        assert (state["vitals"]["device"], state["vitals"]["events"], state["healthy"]) == ("gate-1", 30, True)
        text = get(live, "/")[2].decode()
        for name in re.findall(r'(?:src|href)="([^"#:]+)"', text):
            assert get(live, f"/{name}")[0] == 200, name
        assert get(live, "/font.ttf")[2][:4] == b"\0\1\0\0"
        assert get(live, "/no-such-thing")[0] == 404


def test_the_page_asks_nobody_else() -> None:
    """No file of the page names another machine, so that it works where there is no network but the device's."""
    with page() as live:
        texts = [get(live, path)[2].decode() for path in ("/", "/page.css", "/page.js")]
    assert [text for text in texts if re.search(r"https?:|//\w", text.replace("// ", ""))] == []


def test_every_answer_forbids_what_the_page_does_not_need(guarded: LivePage) -> None:
    """Every answer, refusals too, carries the headers that keep others' scripts and frames out."""
    for path in ("/", "/health", "/nothing"):
        _, headers, _ = get(guarded, path)
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_prometheus_reads_the_metrics() -> None:
    """Prometheus' own parser finds every figure under its documented name; what isn't known is left out."""
    parser = pytest.importorskip("prometheus_client.parser")
    models = {"reader": "r.tflite"}
    stats = RuntimeStats('gate "1"\\', models, waiting=lambda: {"mqtt": 3}, set_aside=lambda: {"webhook": 2})
    with page(stats=stats) as live:
        empty = get(live, "/metrics")[2].decode()
        assert "lpr_frame_age_seconds" not in empty
        show(live, stats)
        stats.count_event(record(1))
        status, headers, body = get(live, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    found = {
        sample.name: sample
        for family in parser.text_string_to_metric_families(body.decode())
        for sample in family.samples
    }
    assert found["lpr_info"].labels["device"] == 'gate "1"\\'
    assert (found["lpr_frames_total"].value, found["lpr_events_total"].value) == (1, 1)
    assert found["lpr_latency_seconds_sum"].value == pytest.approx(0.006)
    assert found["lpr_frame_age_seconds"].value == pytest.approx(0.004)
    assert (found["lpr_outbox_events"].labels, found["lpr_outbox_events"].value) == ({"sink": "mqtt"}, 3)
    aside = found["lpr_outbox_set_aside_events"]
    assert (aside.labels, aside.value) == ({"reason": "webhook"}, 2)
    assert found["lpr_memory_bytes"].value > 1e6


def test_health_needs_frames() -> None:
    """`/health` is 200 while frames come and 503 when none has come for so long, also when none has come at all."""
    stats = RuntimeStats()
    with page(stats=stats, health_after_s=0.2) as live:
        wait_until(lambda: get(live, "/health")[0] == 503)
        show(live, stats)
        assert get(live, "/health")[0] in (200, 503)  # 503 where this machine stood still for so long
        wait_until(lambda: get(live, "/health")[0] == 503)
    with page(stats=stats) as live:
        assert get_json(live, "/health")["healthy"] is True


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"me:{password}".encode()).decode()}


@pytest.fixture(scope="module")
def guarded() -> Iterator[LivePage]:
    """A page that asks for a token."""
    with page(TOKEN) as live:
        yield live


def test_without_the_token_nothing_is_told(guarded: LivePage) -> None:
    """Every path asks for the token; it counts as a bearer's and as the password of any name."""
    live = guarded
    for path in ("/", "/picture.jpg", "/state.json", "/metrics", "/health", "/font.ttf", "/nothing"):
        status, headers, body = get(live, path)
        assert (status, headers["www-authenticate"][:5]) == (401, "Basic")
        assert b"gate-1" not in body
        for login in ({"Authorization": f"Bearer {TOKEN}"}, basic(TOKEN)):
            assert get(live, path, login)[0] in (200, 204, 404)


@pytest.mark.parametrize(
    "authorization",
    [
        *("Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Bearer x {TOKEN}", TOKEN, "Basic !!!"),
        *("Basic", "Basic Og==", "bearer \xe9\xff", "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(), ", , ,"),
    ],
)
def test_what_is_not_the_token_is_refused(guarded: LivePage, authorization: str) -> None:
    """Half a token, one too long, none, rubbish and other alphabets are all refused alike."""
    assert get(guarded, "/health", {"Authorization": authorization})[0] == 401


def test_a_page_of_elsewhere_cannot_read_this_one() -> None:
    """Without a token, whoever calls the machine by a name that isn't its own is sent away (DNS rebinding)."""
    with page() as live:
        for host in ("evil.example", "evil.example:8080", "", "127.0.0.1.evil.example"):
            assert get(live, "/state.json", {"Host": host})[0] in (400, 421), host
        for host in ("localhost", "LOCALHOST:99", "127.0.0.1:1", "[::1]:8080", "[::1]"):
            assert get(live, "/health", {"Host": host})[0] == 200, host


@pytest.fixture
def quiet() -> Iterator[None]:
    """As with --quiet."""
    set_volume(quiet=True, verbose=False)
    yield
    set_volume(quiet=False, verbose=False)


def test_a_token_is_made_where_others_can_ask(quiet: None, capsys: pytest.CaptureFixture[str]) -> None:
    """On an address that others reach, a token that wasn't given is made and said, always; a given one isn't shown."""
    for given in ("", TOKEN):
        live = open_page(WebAddress("0.0.0.0", free_port()), given, RuntimeStats(), 60)
        try:
            assert len(live.token) >= 21
            assert get(live, "/health")[0] == 401
            assert get(live, "/health", {"Authorization": f"Bearer {live.token}"})[0] == 200
            assert (live.token in capsys.readouterr().err) == (not given)
        finally:
            live.close()


def test_many_watch_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty watchers get their pictures from one thread, which draws each frame at most once."""
    drawn_by: set[str] = set()

    def draw(*arguments: object) -> bytes:
        drawn_by.add(threading.current_thread().name)
        return encode(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(picture, "encode", draw)
    monkeypatch.setattr(picture, "SHORTEST_S", 0.0)
    stats, before = RuntimeStats(), threading.active_count()
    with page(stats=stats) as live, ThreadPoolExecutor(40) as clients:
        show(live, stats)
        answers = [clients.submit(get, live, path) for path in ("/picture.jpg", "/state.json") * 100]
        for index in range(50):
            show(live, stats, index)
        assert {answer.result()[0] for answer in answers} == {200}
        assert live.picture.number <= 51
    assert drawn_by == {"lpr-web"}
    wait_until(lambda: threading.active_count() == before)


def test_what_is_no_request_is_refused() -> None:
    """Other methods, endless heads, paths that climb and pure noise get a refusal; the page goes on."""
    with page() as live:
        host = b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert b" 405 " in raw(live, b"POST /" + host)
        assert b" 404 " in raw(live, b"GET /../../etc/passwd" + host)
        assert b" 404 " in raw(live, b"GET /page.css/../../server.py" + host)
        assert b" 400 " in raw(live, b"GET / HTTP/1.1\r\nA: " + b"x" * 100_000)
        assert b" 400 " in raw(live, bytes(range(256)))
        assert get(live, "/health")[0] == 200


def test_a_port_that_is_taken_is_told() -> None:
    """An address that can't be had is one line."""
    with (
        page() as live,
        pytest.raises(LprError, match=r"can't listen on 127\.0\.0\.1 port \d+ \(.*give --web.* another"),
    ):
        open_page(WebAddress("127.0.0.1", live.server.port), "", RuntimeStats(), 60)


def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Starlette, --web names what to install."""
    monkeypatch.setitem(sys.modules, "lpr_edge.web.app", None)
    with pytest.raises(LprError, match=r"--web needs Starlette and uvicorn: pip install 'lpr\[web\]'"):
        open_page(WebAddress("127.0.0.1", 1), "", RuntimeStats(), 60)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8080", ("127.0.0.1", 8080)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:8080", ("::1", 8080)),
        ("gate-1.local:8080", ("gate-1.local", 8080)),
    ],
)
def test_addresses(text: str, found: tuple[str, int]) -> None:
    """Host and port, or a port alone; written again, it is the same address."""
    address = WebAddress.parse(text, "web")
    assert (address.host, address.port) == found
    assert WebAddress.parse(str(address), "web") == address


@pytest.mark.parametrize("text", ["", ":8080", "0.0.0.0", "a b:80", "host:0", "host:65536", "http://host:80", "::1:80"])
def test_what_is_no_address_is_told(text: str) -> None:
    """Anything else is one line that shows how."""
    with pytest.raises(LprError, match=r"Setting `web` is .* and it must be HOST:PORT, such as 127\.0\.0\.1:8080"):
        WebAddress.parse(text, "web")


def test_which_addresses_are_this_machines_own() -> None:
    """Only the loopback needs no token."""
    assert [is_local(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert [is_local(host) for host in ("0.0.0.0", "::", "192.168.1.2", "gate-1", "localhost.example")] == [False] * 5


@pytest.mark.parametrize("token", ["short", "with spaces in between", "ümlaut-ümlaut-ümlaut"])
def test_a_weak_token_is_refused_and_not_shown(token: str) -> None:
    """A token that is guessed quickly, or can't be sent, is a mistake; the message doesn't give it away."""
    with pytest.raises(LprError, match="Setting `web_token` is not shown here, and it must be 16 or more") as caught:
        config_of(web_token=token)
    assert token not in str(caught.value)


def test_vitals_count_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rate, times and ages are those of the last ten seconds, and go when frames stop; totals stay."""
    now = 1000.0
    monkeypatch.setattr("lpr_edge.service.runtime_stats.monotonic", lambda: now)
    stats = RuntimeStats("gate-1")
    assert (stats.snapshot()["fps"], stats.snapshot()["latency_ms"]) == (0.0, None)
    for index in range(200):
        now += 0.1
        stats.add(frame(index, age_ms=index), FrameResult((), 3.0, 1.0))
    found = stats.snapshot()
    assert found["fps"] == pytest.approx(10, abs=0.2)
    assert (found["frames"], found["latency_ms"], found["source"]) == (200, {"p50": 4.0, "p95": 4.0}, "clip.mp4")
    assert 140 < found["frame_age_ms"]["p50"] < 155
    now += 30
    later = stats.snapshot()
    assert (later["fps"], later["frames"], later["latency_ms"], later["since_frame_s"]) == (0.0, 200, None, 30.0)
    assert len(stats._counts._recent) == 0


def test_the_outbox_is_not_asked_all_the_time() -> None:
    """However many watch, the outbox is counted once in two seconds."""
    asked: list[float] = []

    def count() -> dict[str, int]:
        asked.append(time.monotonic())
        return {"mqtt": len(asked)}

    stats = RuntimeStats(waiting=count)
    for _ in range(20):
        stats.snapshot()
    assert len(asked) == 1 or asked[-1] - asked[0] >= 2
