"""`--camera`, once or several times: numbers, streams and files, with or without a name."""

import argparse
import re
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

from lpr_edge.capture.source_address import SourceAddress
from lpr_edge.config.cameras import NAME, check_names
from lpr_edge.config.input_groups import KEY, CameraSettings, CaptureConfig
from lpr_edge.contract.base.url import is_url, redact
from lpr_edge.contract.settings.fields import settings_in
from lpr_edge.contract.settings.flags import flag_help

NAMED = re.compile(rf"({NAME.pattern})=(.+)")
FLAG = "camera"


def add_camera_flag(group: argparse._ActionsContainer) -> None:
    """Add `--camera`, the only flag of a setting that may be given more than once."""
    more = "; given more than once, each a number, a URL or a clip, or NAME= before it: all of them in one process"
    setting = settings_in(CaptureConfig)[FLAG]
    group.add_argument(
        f"--{FLAG}",
        type=_camera,
        action="append",
        metavar="N",
        default=argparse.SUPPRESS,
        help=flag_help(setting, more),
    )


def settle_cameras(flags: argparse.Namespace) -> None:
    """Replace the values of `--camera` by the settings that they stand for.

    Raises:
        LprError: two cameras have one name.
    """
    texts = vars(flags).pop(FLAG, None)
    if not texts:
        return
    if len(texts) > 1:
        setattr(flags, KEY, cameras_of_flags(texts))
        return
    name, source = _split(texts[0])
    given = source_values(source) | ({"source_name": name} if name and not hasattr(flags, "source_name") else {})
    vars(flags).update(given)


def cameras_of_flags(texts: Iterable[str]) -> tuple[CameraSettings, ...]:
    """Settings of several cameras from several `--camera` flags.

    Args:
        texts: each a camera's number, a stream's URL or a video file; or one of these after `NAME=`.

    Raises:
        LprError: two have one name.
    """
    found: list[CameraSettings] = []
    for text in texts:
        name, source = _split(text)
        taken = {camera.name.lower() for camera in found}
        found.append(CameraSettings(name or _own_name(source, taken), source_values(source)))
    check_names([camera.name for camera in found], "--camera")
    return tuple(found)


def source_values(text: str) -> dict[str, Any]:
    """The setting that a `--camera` stands for: a number is a local camera, anything else a source."""
    return {"source": SourceAddress.parse(text, "source")} if not _is_number(text) else {"camera": int(text)}


def _camera(text: str) -> str:
    """Check that a flag's text names a source."""
    name, source = _split(text)
    if not (name or _is_number(source) or is_url(source) or Path(source).exists()):
        shown = repr(redact(text)) if "@" not in text else "what was given"  # a login in a mistyped URL
        raise argparse.ArgumentTypeError(f"{shown} is not a whole number, a stream's URL or a file")
    return text


def _split(text: str) -> tuple[str, str]:
    """Split a text into a camera's name, if any, and its source."""
    named = None if is_url(text) or Path(text).exists() else NAMED.fullmatch(text)
    return (named[1], named[2]) if named else ("", text)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+", text) is not None


def _own_name(source: str, taken: set[str]) -> str:
    """A name for a camera without one: its number, its address's host, or its file; with a number if it is taken."""
    name = f"camera-{source}" if _is_number(source) else _plain(_stem(source))
    number = 1
    while (name if number == 1 else f"{name}-{number}").lower() in taken:
        number += 1
    return name if number == 1 else f"{name}-{number}"


def _stem(source: str) -> str:
    try:
        return (urlsplit(source).hostname or "") if is_url(source) else PurePath(source).stem
    except ValueError:  # no URL after all, which is said where it is opened
        return ""


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-_.")[:50] or "camera"
