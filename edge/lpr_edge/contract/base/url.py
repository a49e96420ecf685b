"""URLs: the only place where they are parsed, and where secrets in them are redacted."""

import re
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, Self
from urllib.parse import quote, unquote

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import TextValue

SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]+)://")
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:@\[\]/?#\x00-\x1f\x7f]+)(?::(\d{1,5}))?")
"""Host and port, as RFC 3986 has them; names of other alphabets are let through."""
HIDDEN = "…"
"""Stands for what isn't shown."""
USERINFO = "!$&'()*+,;=:%-._~"
"""What a login may hold as it is (RFC 3986, 3.2.1); everything else is percent-encoded."""
HARMLESS = frozenset(
    (
        *("action", "cam", "camera", "ch", "chan", "channel", "channelid", "chn", "codec"),
        *("compression", "fps", "height", "ids", "profile", "proto", "quality", "resolution"),
        *("rotation", "size", "stream", "subtype", "track", "transport", "unicast", "width"),
    )
)
"""Keys of a query that say which picture is meant, not who asks for it."""
PLAIN = re.compile(r"[A-Za-z0-9.x-]{1,12}")
"""A value of such a key."""
TOKEN = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}")
"""Part of a path that is a key: cameras and webhooks have addresses that only who may use them knows."""


@dataclass(frozen=True)
class Url(TextValue):
    """A parsed URL; neither `str` nor `repr` shows its login or tokens. Subclasses name the schemes that they take."""

    schemes: ClassVar[tuple[str, ...]] = ()
    """In small letters."""
    example: ClassVar[str] = ""
    """A URL that would do, for messages."""

    scheme: str
    """In small letters."""
    host: str
    """Without the brackets of IPv6."""
    port: int | None
    path: str = field(default="", repr=False)
    """With its leading slash; empty where there is none."""
    query: str = field(default="", repr=False)
    """Without its question mark."""
    login: str = field(default="", repr=False)
    """`user:password`, as it was written."""

    @classmethod
    def parse(cls, text: str, key: str) -> Self:
        """A URL. Its login may contain unescaped `/`, `?`, `#` and `@`, as people type passwords; see `TextValue`."""
        parts = _split_url(text)
        if parts is None or parts.scheme not in cls.schemes:
            raise LprError(f"`{key}` is {redact(text)!r}, and it must be an address such as {cls.example}.")
        return cls(*parts)

    def __str__(self) -> str:
        return redact(self.full)

    def written(self) -> str:
        """See `TextValue`."""
        return self.full

    @property
    def username(self) -> str:
        """User name of the login, decoded; empty without one."""
        return unquote(self.login.partition(":")[0])

    @property
    def password(self) -> str:
        """Password of the login, decoded; empty without one."""
        return unquote(self.login.partition(":")[2])

    @property
    def target(self) -> str:
        """Path and query, as in an HTTP request line."""
        return (self.path or "/") + (f"?{self.query}" if self.query else "")

    @property
    def origin(self) -> str:
        """Scheme, host and port, which never contain secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port else "")

    @property
    def full(self) -> str:
        """The whole URL with its login percent-encoded, for connecting."""
        scheme, _, place = self.origin.partition("://")
        login = f"{quote(self.login, safe=USERINFO)}@" if self.login else ""
        return f"{scheme}://{login}{place}{self.path}" + (f"?{self.query}" if self.query else "")


class HttpUrl(Url):
    """The address of a web server."""

    schemes = ("http", "https")
    example = "https://example.org/path"


class _Parts(NamedTuple):
    """What `Url` is made of, in its order."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    login: str


def is_url(text: str) -> bool:
    """Whether a text is a URL rather than a file path."""
    return SCHEME.match(text) is not None


def _split_url(text: str) -> _Parts | None:
    match = SCHEME.match(text)
    if match is None:
        return None
    login, place = _split_login(text.strip().partition("://")[2])
    authority, tail = _split_authority(place)
    host = HOST.fullmatch(authority)
    if host is None or (host[2] and not 0 < int(host[2]) < 65536) or re.search(r"[\s\x00-\x1f\x7f]", tail):
        return None
    path, _, query = tail.partition("#")[0].partition("?")
    port = int(host[2]) if host[2] else None
    return _Parts(match[1].lower(), host[1].strip("[]"), port, path, query, login)


def _split_login(rest: str) -> tuple[str, str]:
    """Login, and the text after its `@`: as RFC 3986 defines it, else the shortest login that leaves a host."""
    authority = _split_authority(rest)[0]
    if "@" in authority:
        login = authority.rpartition("@")[0]
        return login, rest[len(login) + 1 :]
    if not HOST.fullmatch(authority):
        for match in re.finditer("@", rest):
            place = rest[match.end() :]
            if HOST.fullmatch(_split_authority(place)[0]):
                return rest[: match.start()], place
    return "", rest


def _split_authority(rest: str) -> tuple[str, str]:
    end = re.search(r"[/?#]", rest)
    return (rest[: end.start()], rest[end.start() :]) if end else (rest, "")


def redact(text: str) -> str:
    """A URL without login and tokens; of its query only parameters that name the image remain.

    Where host and password can't be distinguished, nothing is shown but the scheme. A text that is no URL
    stays as it is, unless there may be a login in it. Redacting twice changes nothing more.
    """
    match = SCHEME.match(text)
    if match is None:
        return _redact_other(text)
    scheme = match[1].lower()
    rest = text[match.end() :].strip()
    authority, tail = _split_authority(rest)
    if "@" not in authority and not HOST.fullmatch(authority) and tail.count("@") == 1:
        authority, tail = _split_authority(tail.partition("@")[2])
    place = authority.rpartition("@")[2]
    if "@" in tail or not HOST.fullmatch(place):
        return f"{scheme}://{HIDDEN}"
    return f"{scheme}://{place}{_redact_tail(tail)}"


def _redact_other(text: str) -> str:
    """Redact a text without a scheme: `user:password@host`, `rtsp:/user:password@host`, or a path."""
    head, at, tail = text.rpartition("@")
    if at and (":" in head or "=" in head):
        place, rest = _split_authority(tail)
        return f"{HIDDEN}@{place}{_redact_tail(rest)}" if HOST.fullmatch(place) else HIDDEN
    return re.sub(r"\?.*=.*", f"?{HIDDEN}", text, flags=re.DOTALL)


def _redact_tail(tail: str) -> str:
    path, question, query = tail.partition("#")[0].partition("?")
    shown = "/".join(_redact_segment(segment) for segment in path.split("/"))
    return f"{shown}?{_redact_pairs(query)}" if question else shown


def _redact_segment(segment: str) -> str:
    if "=" in segment:
        return _redact_pairs(segment)
    plain = unquote(segment)
    return HIDDEN if TOKEN.fullmatch(plain) or re.search(r"[:@\s\x00-\x1f\x7f]", plain) else segment


def _redact_pairs(text: str) -> str:
    """Redact `name=value` pairs, except harmless ones."""
    pairs = [pair.partition("=") for pair in re.split(r"[&;]", text)]
    kept = [f"{key}={value}" for key, _, value in pairs if key.lower() in HARMLESS and PLAIN.fullmatch(value)]
    return "&".join(kept if len(kept) == len(pairs) or not text else [*kept, HIDDEN])


def redact_command(command: str) -> str:
    """A command line's first word only, as a password may follow."""
    first, *others = command.split() or [""]
    return f"{redact(first)} {HIDDEN}" if others else redact(first)
