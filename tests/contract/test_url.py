"""What the product reads from a URL, and what it shows of one."""

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.url import Url, is_url, redact, redact_command

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "srt", "mqtt", "mqtts")


class AnyUrl(Url):
    schemes = SCHEMES
    example = "rtsp://camera"


SIGNS = "/?#@:&=;%+ \\\"'[]é"
"""What parts a password, for who reads a URL carelessly."""
secret_texts = st.lists(st.sampled_from(SIGNS), max_size=4).map(
    lambda signs: "".join(f"zq{number}vw{sign}" for number, sign in enumerate([*signs, ""]))
)
"""Passwords whose every part begins with `zq`, which stands nowhere else."""
schemes = st.sampled_from(SCHEMES).flatmap(lambda name: st.sampled_from((name, name.upper(), name.title())))
hosts = st.sampled_from(("camera", "10.0.0.7:554", "[fe80::1]:8554", "gate.example.org"))
paths = st.sampled_from(("", "/", "/gate", "/Streaming/Channels/101", "/cam?channel=1&subtype=0", "/feed@home"))


@given(schemes, secret_texts, hosts, paths)
@example("RTSP", "zq0vw/zq1vw", "camera", "/gate")
@example("srt", "zq0vw?zq1vw@zq2vw", "camera", "/feed@home")
def test_no_password_before_the_host_is_shown(scheme: str, secret: str, host: str, path: str) -> None:
    """A password typed as it is, whatever signs it holds, is shown in no part; so with a wrong scheme, or with none."""
    for url in (
        f"{scheme}://admin:{secret}@{host}{path}",
        f"  {scheme}://{secret}:x@{host}{path}",
        f"{scheme}://:{secret}@{host}{path}",
        f"{scheme}:/admin:{secret}@{host}{path}",
        f"admin:{secret}@{host}{path}",
    ):
        assert "zq" not in redact(url), url


@given(schemes, secret_texts, hosts, st.sampled_from(("password", "pwd", "passphrase", "token", "auth", "user", "q")))
def test_no_value_of_a_query_that_may_be_secret_is_shown(scheme: str, secret: str, host: str, key: str) -> None:
    """Neither encoded nor typed as it is; what tells one picture from another stays."""
    for value in (quote(secret, safe=""), secret):
        shown = redact(f"{scheme}://{host}/cgi?channel=2&user=me&{key}={value}")
        assert "zq" not in shown, shown
    assert redact(f"{scheme}://{host}/cgi?channel=2&{key}=zq").endswith("/cgi?channel=2&…")


@given(st.text())
@example("rtsp://a:b@c/d?e=f")
@example("RTSP://")
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    """Any text can be redacted, and what was redacted stays as it is."""
    assert redact(redact(text)) == redact(text)


@given(schemes, st.text(min_size=1), st.text(), hosts)
def test_an_encoded_login_comes_out_as_it_went_in(scheme: str, user: str, password: str, host: str) -> None:
    """User and password are decoded; the scheme is in small letters, and what connects gets the same address."""
    try:
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    except UnicodeEncodeError:  # half of a surrogate pair, which no URL holds
        return
    url = AnyUrl.parse(f"{scheme}://{login}@{host}/x?y=1", "source")
    assert (url.username, url.password, url.scheme) == (user, password, scheme.lower())
    assert url.full == f"{scheme.lower()}://{login}@{host}/x?y=1"


@pytest.mark.parametrize("password", ["a/b", "a?b", "a#b", "a@b", "a/b@c", "/", "p:q/r", "100%", "ü/é"])
def test_a_password_typed_as_it_is_connects(password: str) -> None:
    """Signs that RFC 3986 wants encoded are taken as people type them, and encoded for those who connect."""
    url = AnyUrl.parse(f"RTSP://admin:{password}@camera:8554/gate", "source")
    assert (url.username, url.password, url.host, url.port) == ("admin", password, "camera", 8554)
    assert url.full.startswith("rtsp://admin:")
    assert url.full.endswith("@camera:8554/gate")
    assert not set("/?#@") & set(url.full.removeprefix("rtsp://").removesuffix("@camera:8554/gate"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://u:p@10.0.0.7/gate", "rtsp://10.0.0.7/gate"),
        ("rtsp://u:p/w@10.0.0.7/gate", "rtsp://10.0.0.7/gate"),
        ("RTSP://camera/x?channel=1&subtype=0", "rtsp://camera/x?channel=1&subtype=0"),
        ("rtsp://h:554/user=me&password=zq&channel=1&stream=0.sdp", "rtsp://h:554/channel=1&stream=0.sdp&…"),
        ("rtsps://10.0.0.1:7441/5zOPKV8nhGUQpQoG?enableSrtp", "rtsps://10.0.0.1:7441/…?…"),
        ("rtsp://admin:zq", "rtsp://…"),
        ("http://camera/live/me:zq/1", "http://camera/live/…/1"),
        ("clips/a b@home.mp4", "clips/a b@home.mp4"),
        ("/srv/2026-03-01T06:00.mp4", "/srv/2026-03-01T06:00.mp4"),
    ],
)
def test_what_is_shown(url: str, shown: str) -> None:
    """Enough is shown to tell one camera from another; a path stays whole."""
    assert redact(url) == shown


@pytest.mark.parametrize(
    "text", ["ftp://u:zq@h", "rtsp://", "rtsp://u:zq@h:0/x", "http://h:99999", "no", "http://h/\x07"]
)
def test_what_is_no_url_is_told_without_its_password(text: str) -> None:
    """A URL that can't be used is one line that shows one."""
    with pytest.raises(LprError, match=r"`source` is .*, and it must be an address such as rtsp://camera") as caught:
        AnyUrl.parse(text, "source")
    assert "zq" not in str(caught.value)


def test_what_is_meant_as_a_url() -> None:
    """A scheme makes a URL, in capitals too; a path never does."""
    assert [is_url(text) for text in ("RTSP://a", " srt://a", "a/b://c", "a.mp4", "/x:/y")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_command_shows_its_first_word() -> None:
    """Words behind the program's name may be passwords."""
    assert redact_command("curl -H 'Authorization: zq'") == "curl …"
    assert redact_command("") == ""


def test_neither_repr_nor_str_shows_a_login_or_a_token() -> None:
    """What a log, a traceback or an f-string makes of a URL has no secret; `written` has all, for files."""
    url = AnyUrl.parse("https://user:zq@host:8443/AbCdEf0123456789zq?token=zq", "source")
    assert "zq" not in f"{url!r} {url} {[url]}"
    assert AnyUrl.parse(url.written(), "source") == url
    assert url.written().count("zq") == 3
