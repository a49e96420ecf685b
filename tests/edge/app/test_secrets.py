"""No password, token or secret address leaves by a record, a message, or a sink's error."""

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.deliveries import receiving, record
from tests.support.golden import tinyland
from tests.support.servers import motion_jpeg, only_once, serving
from tests.support.urls import broker_url, webhook_url

from lpr_edge.app.cli import main
from lpr_edge.config.loading import config_of
from lpr_edge.contract.base.errors import LprError
from lpr_edge.delivery.sink import DeliveryError, StoredEvent
from lpr_edge.delivery.sinks.webhook import Webhook

SECRET = "zq9vw"
"""Stands in every secret of these tests, and nowhere else."""


@pytest.fixture
def models(golden: Path) -> list[str]:
    return [
        *("--detector", str(golden / "detector.int8.tflite")),
        *("--reader", str(golden / "reader.int8.tflite"), "--min-confidence", "0"),
    ]


@pytest.mark.parametrize(
    ("login", "query"),
    [
        (f"admin:{SECRET}", ""),
        (f"admin:a/{SECRET}", ""),
        ("", f"?user=admin&password={SECRET}"),
        (f"admin:{SECRET}/@", f"?channel=1&pwd={SECRET}"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_a_streams_password_is_in_no_record_file_or_message(
    scheme: str, login: str, query: str, models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records on stdout, the store, the table and every message: none holds a camera's password."""
    image = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr
    serve, kind = motion_jpeg([image] * 12)
    with serving(only_once(serve), kind) as url:
        place = url.partition("://")[2] + query
        source = f"{scheme}://{login}@{place}" if login else f"{scheme}://{place}"
        sinks = [
            "--store",
            str(tmp_path / "s.db"),
            "--csv",
            str(tmp_path / "e.csv"),
            "--jsonl",
            str(tmp_path / "e.jsonl"),
        ]
        status = main(["--source", source, "--give-up", "1s", "--verbose", *models, *sinks])
    out, err = capsys.readouterr()
    assert status == 1
    (event,) = [json.loads(line) for line in out.splitlines()]
    assert event["source"].startswith("http://")
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert event["id"].encode() in kept
    assert SECRET not in out + err
    assert SECRET.encode() not in kept


def test_a_source_goes_by_its_name(models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --source-name records hold that in place of an address; a folder's pictures are told apart below it."""
    image = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / "c.png").write_bytes(b"")
    main(["--source", str(tmp_path), "--source-name", "north", *models])
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["source"] for record in records] == ["north/a.png", "north/b.png", "north/c.png"]
    serve, kind = motion_jpeg([image] * 12)
    with serving(only_once(serve), kind) as url:
        main(["--source", url, "--source-name", "north", "--give-up", "1s", *models])
    (event,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert event["source"] == "north"


@pytest.mark.parametrize(
    "source",
    [
        f"rtsp://u:{SECRET}@127.0.0.1:1/x",
        f"RTSP://u:a/{SECRET}@127.0.0.1:1/x?password={SECRET}",
        f"srt://127.0.0.1:1?passphrase={SECRET}",
        f"u:{SECRET}@127.0.0.1/x",
        f"rtsp:/u:{SECRET}@127.0.0.1/x",
        f"u:\0{SECRET}@h",
    ],
)
def test_a_source_that_cannot_be_opened_is_told_without_its_password(
    source: str, models: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is one line and status 1."""
    assert main(["--source", source, *models]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert SECRET not in err


@pytest.mark.parametrize(
    "source", [f"gopher://u:{SECRET}@127.0.0.1/x", f"rtsp://u:{SECRET}", f"rtsp://u:\0{SECRET}@h\0"]
)
def test_a_url_that_no_stream_has_is_wrong_usage(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused like any other value of a flag, with status 2, and shown without its login."""
    with pytest.raises(SystemExit, match="2"):
        main(["--source", source])
    err = capsys.readouterr().err
    assert "`source` is" in err
    assert SECRET not in err


def test_a_login_in_the_webhooks_address_is_sent() -> None:
    """It arrives as Basic, decoded, and the request names neither it nor anything but path and query."""
    with receiving() as receiver:
        url = receiver.url.replace("http://", f"http://gate%40home:a/{SECRET}@")
        Webhook(webhook_url(url)).deliver(StoredEvent(1, record(0)))
        ((headers, _),) = receiver.posts
    scheme, _, login = headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(login).decode()) == ("Basic", f"gate@home:a/{SECRET}")
    assert "@" not in headers["Host"]


def test_a_webhook_with_login_and_token_is_refused() -> None:
    """Only one of them could be sent, so the settings are told, without either."""
    with pytest.raises(LprError, match="has a login in its address and `webhook_token` is given") as caught:
        Webhook(webhook_url(f"https://u:{SECRET}@example.org/x"), SECRET)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url", [f"htp://u:{SECRET}@h/x", f"https://u:{SECRET}@h:0/x", f"https://h/ {SECRET}?t={SECRET}"]
)
def test_a_wrong_address_of_a_sink_is_told_without_its_secrets(url: str) -> None:
    """Webhooks and brokers show scheme and host of a wrong address, no more."""
    for parse in (webhook_url, broker_url):
        with pytest.raises(LprError, match="must be an address such as") as caught:
            parse(url)
        assert SECRET not in str(caught.value)


def test_a_webhook_that_cannot_be_reached_shows_no_address() -> None:
    """The reason of a failed delivery holds no part of a secret address."""
    with pytest.raises(DeliveryError) as caught:
        Webhook(webhook_url(f"http://u:{SECRET}@127.0.0.1:1/{SECRET}?t={SECRET}")).deliver(StoredEvent(1, record(0)))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        f"webhook_token = ['{SECRET}']",
        "mqtt_password = 90210",
        f"web_token = '{SECRET}'",
        f'webhook_token = "{SECRET}\\n"',
        f'webhook_token = "{SECRET}\\u00e9"',
        f"[webhook]\nurl = 'https://{SECRET}@h'",
        f"[mqtt]\npassword = '{SECRET}'",
        f"camera = 'rtsp://u:{SECRET}@h/x'",
        f"source = ['rtsp://u:{SECRET}@h/x']",
        f"webhok_token = '{SECRET}'",
        f"webhook_token = '{SECRET}",
        f"webhook_token = {SECRET}",
        f"webhook = 'htps://u:{SECRET}@h'",
        f"mqtt = 'htps://u:{SECRET}@h'",
        f"device = 'mqtt://u:{SECRET}@h'",
        f"web = 'http://u:{SECRET}@h'",
        f"on_match = 'gate --key {SECRET}'",
        f"list = 'x'\non_match = 'gate --key {SECRET}'",
    ],
)
def test_a_mistake_in_a_file_is_told_without_its_secrets(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A secret of the wrong type, in the wrong place or under a wrong name is in no message."""
    path = tmp_path / "lpr.toml"
    path.write_text(line)
    arguments: list[Any] = [
        "--config",
        str(path),
        *([] if "source" in line or "camera" in line else ["--camera", "63"]),
    ]
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert SECRET not in err
    assert "90210" not in err


@pytest.mark.parametrize(
    "words",
    [
        ["--camera", f"u:{SECRET}@h/x"],
        ["--camera", "0", "--camera", f"gate=rtsp://u:{SECRET}@h/x", "--camera", "gate=1"],
        ["--camera", "0", "--webhook-tokn", SECRET],
        ["--camera", "0", f"--webhook-tokn={SECRET}"],
        ["--camera", "0", SECRET],
        ["--camera", "0", "--webhook-token", f"{SECRET}\n"],
        ["--camera", "0", "--web-token", SECRET],
        ["--camera", "0", "--threads", f"http://u:{SECRET}@h"],
    ],
)
def test_a_mistake_on_the_command_line_is_told_without_its_secrets(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage names flags, and of values only what can't be secret."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert SECRET not in capsys.readouterr().err


def test_a_token_with_a_line_break_is_refused_at_the_start() -> None:
    """It can't be sent, and HTTP's own complaint about it would show it."""
    with pytest.raises(LprError, match="`webhook_token` is not shown here, and it must be one line of plain letters"):
        config_of(webhook_token=f"{SECRET}\n")
