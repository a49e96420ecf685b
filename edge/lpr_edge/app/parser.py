"""The command line's parser: a flag for each setting and each job, and those of sinks and runtimes."""

import argparse
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from lpr_edge.app.camera_flags import add_camera_flag
from lpr_edge.base.web_address import DEFAULT
from lpr_edge.config.cameras import OLD_KEYS
from lpr_edge.config.extensions import (
    ExtensionSettings,
    SwitchedSettings,
    extension_settings,
    runtime_classes,
    sink_classes,
)
from lpr_edge.config.input_groups import CaptureConfig, ModelConfig, ReadingConfig, UpdateConfig
from lpr_edge.config.output_groups import (
    CollectConfig,
    DeliveryConfig,
    LogConfig,
    OutputConfig,
    PrivacyConfig,
    WatchlistConfig,
    WebConfig,
)
from lpr_edge.contract.settings.fields import field_notes, settings_in
from lpr_edge.contract.settings.flags import add_flag, add_flags

DESCRIPTION = "`lpr-edge`: plates from a camera, a stream or files, as JSON lines."
JOBS = ("doctor", "info", "install-service", "hash-list")
"""Subcommands that stand for the flag of their name."""
GROUPS: dict[str, type] = {
    "pictures": CaptureConfig,
    "models": ModelConfig,
    "model updates": UpdateConfig,
    "reading": ReadingConfig,
    "watch list": WatchlistConfig,
    "privacy": PrivacyConfig,
    "messages": LogConfig,
    "looking at it": OutputConfig,
    "where events go, in addition to stdout": DeliveryConfig,
    "watching it from elsewhere": WebConfig,
    "collecting pictures to train on": CollectConfig,
}
"""Title of a group of flags -> the settings that they are for."""
ELSEWHERE = ("camera", "source", "web")
"""Settings whose flags stand in another group, or are of another kind."""


def as_flags(words: Sequence[str]) -> list[str]:
    """Replace a leading word of `JOBS` by the flag that it stands for."""
    return [f"--{words[0]}", *words[1:]] if words and words[0] in JOBS else list(words)


def find_extensions(words: Sequence[str]) -> list[type[ExtensionSettings]]:
    """Sinks and runtimes whose flags the command line contains; all of them for --help.

    Raises:
        LprError: another package's sink or runtime can't be loaded.
    """
    if "-h" in words or "--help" in words:
        return extension_settings()
    known = {name for action in parser_with((), ())._actions for name in action.option_strings}
    flags = [word.partition("=")[0] for word in words if word.startswith("--")]
    strange = [flag.removeprefix("--").removeprefix("no-").replace("-", "_") for flag in flags if flag not in known]
    return [*sink_classes(strange).values(), *runtime_classes(strange).values()]


def parser_with(extensions: Sequence[type[ExtensionSettings]], subcommands: Iterable[str]) -> argparse.ArgumentParser:
    """Parser with the flags of some sinks and runtimes; its help names the subcommands."""
    sinks = [extension for extension in extensions if issubclass(extension, SwitchedSettings)]
    runtimes = [extension for extension in extensions if not issubclass(extension, SwitchedSettings)]
    others = (
        f"Subcommands: {', '.join(f'lpr-edge {name}' for name in JOBS)}, which take the flags above and stand for"
        f" the flag of their name; {', '.join(f'lpr-edge {name}' for name in subcommands)}, each with its own --help."
    )
    parser = argparse.ArgumentParser(prog="lpr-edge", description=DESCRIPTION, epilog=others, allow_abbrev=False)
    parser.add_argument("--version", action=_Version)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; LPR_... and flags go over it")
    _add_jobs(parser.add_argument_group("what to do, one of").add_mutually_exclusive_group())
    _add_service(parser.add_argument_group("at a gate"))
    for title, settings in GROUPS.items():
        group = parser.add_argument_group(title)
        for setting in settings_in(settings).values():
            if setting.key not in ELSEWHERE:
                former = [old.replace("_", "-") for old, new in OLD_KEYS.items() if new == setting.key]
                add_flag(group, setting, *(f"--{name}" for name in former))
        if settings is ModelConfig:
            _add_extensions(group, runtimes)
            group.add_argument(
                "--json", action="store_true", help="with --info: JSON, one model a line; with --doctor: one object"
            )
        if settings is WebConfig:
            _add_web(group)
        if settings is DeliveryConfig:
            _add_extensions(group, sinks)
            _add_replay(group)
    return parser


def _add_extensions(group: argparse._ArgumentGroup, extensions: Iterable[type[ExtensionSettings]]) -> None:
    for extension in extensions:
        add_flags(group, settings_in(extension, extension.key_of))


def _add_jobs(group: argparse._MutuallyExclusiveGroup) -> None:
    add_camera_flag(group)
    add_flags(group, CaptureConfig, ("source",))
    group.add_argument(
        "--demo",
        action="store_true",
        help="read the clip that comes with lpr and compare the result with its ground truth",
    )
    group.add_argument(
        "--characters",
        metavar="PATH",
        help="classify the character in each picture of PATH; label null where the model doesn't know",
    )
    group.add_argument(
        "--crops", metavar="PATH", help="read the plate on each image of PATH: cropped plates, with any margin"
    )
    group.add_argument("--info", action="store_true", help="print what the models say about themselves")


def _add_web(group: argparse._ArgumentGroup) -> None:
    """Add `--web`, the only flag of a setting whose value is optional."""
    shown = f"{field_notes(WebConfig)['web']} (default: none; without HOST:PORT {DEFAULT})"
    group.add_argument(
        "--web", nargs="?", const=str(DEFAULT), default=argparse.SUPPRESS, metavar="HOST:PORT", help=shown
    )


def _add_replay(group: argparse._ArgumentGroup) -> None:
    """Add `--replay`, which belongs to one start: as a setting it would send refused events at each start."""
    group.add_argument(
        "--replay",
        nargs="?",
        const=0.0,
        type=_time,
        metavar="TIME",
        help="send sinks the stored events that they never had, from before they were added or refused; with TIME, such"
        " as 2026-03-01T06:00, those stored since",
    )


def _time(text: str) -> float:
    """Parse an ISO 8601 time to seconds since 1970; local time without a time zone."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-03-01T06:00") from error


def _add_service(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--install-service",
        action="store_true",
        help="make this command a systemd service that starts at boot; without root, print what would be written",
    )
    group.add_argument(
        "--doctor",
        action="store_true",
        help="check camera, picture, speed, heat, disk, clock and broker; status 1 where something must be repaired",
    )
    group.add_argument(
        "--hash-list", type=Path, metavar="FILE", help="print a watch list with hashes, for devices with --hash-plates"
    )
    group.add_argument("--print", action="store_true", help="with --install-service: print it in any case")


class _Version(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from lpr_edge import __version__

        print(f"lpr {__version__}")
        parser.exit()
