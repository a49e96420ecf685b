"""`lpr-edge`: plates from a camera, a stream or files, as JSON lines."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from lpr_edge.app.camera_flags import add_camera_flag, settle_cameras
from lpr_edge.app.subcommands import JOBS, SUBCOMMANDS, as_flags, find_subcommand, run_subcommand
from lpr_edge.base.log import set_volume, warn
from lpr_edge.base.signals import Reloading, Terminated, hold_signals, reloading_on_sighup, stopping_on_sigterm
from lpr_edge.base.web_address import DEFAULT
from lpr_edge.base.workers import FAULTS, reporting_faults
from lpr_edge.config.config import OLD_KEYS, Config, load_config, with_flags
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
from lpr_edge.contract.base.command import run_command
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.flags import add_flag, add_flags
from lpr_edge.contract.base.settings import field_notes, settings_in

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
NEED_PLATES = ("show", "web", "save_video", "save_images", "every_frame")


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0, also for SIGTERM; 1 for what went wrong, in a thread too; 2 for wrong usage; 130 for Ctrl-C.
    """
    with reloading_on_sighup() as was_asked, reporting_faults():
        status = _run(argv, was_asked)
        status = status or int(FAULTS.count > 0)
    if argv is None and threading.active_count() > 1:
        _leave(status)
    return status


def _leave(status: int) -> NoReturn:
    """End the process without waiting for its threads.

    Python, on its way out, ends a thread that comes back from OpenCV, and C++ takes that for an error: SIGABRT. A
    camera that hangs leaves such a thread behind.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)


def _run(argv: list[str] | None, was_asked: Callable[[], bool]) -> int:
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # read when OpenCV is loaded; lpr says itself what went wrong
    return run_command("lpr-edge", lambda: _act(argv, was_asked), stopped="", report=warn)


def _act(argv: list[str] | None, was_asked: Callable[[], bool]) -> int:
    arguments = argparse.Namespace()
    words = sys.argv[1:] if argv is None else argv
    if find_subcommand(words):
        return run_subcommand(words)
    try:
        with stopping_on_sigterm():
            arguments, config = parse_arguments(argv)
            set_volume(config.log.quiet, config.log.verbose)
            from lpr_edge.app.commands import run_job

            again = None if argv is not None else lambda: parse_arguments(None)[1]
            return run_job(arguments, config, again, was_asked)
    except Reloading:
        return _begin_again()
    except Terminated:
        return 128 + signal.SIGTERM if _is_half_done(arguments) else 0


def _is_half_done(arguments: argparse.Namespace) -> bool:
    """Whether stopping the command leaves work unfinished: only reading plates never ends by itself."""
    return any(
        getattr(arguments, job, None)
        for job in ("info", "characters", "crops", "doctor", "hash_list", "install_service")
    )


def _begin_again() -> NoReturn:
    """Restart the command in this process: all settings are read again, and no state of this run remains."""
    hold_signals()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def parse_arguments(argv: list[str] | None) -> tuple[argparse.Namespace, Config]:
    """Parse and check the command line; wrong usage exits with 2.

    Returns:
        What to do, and the settings of file, environment and flags together.

    Raises:
        LprError: file or environment is wrong.
    """
    words = as_flags(sys.argv[1:] if argv is None else argv)
    extensions = find_extensions(words)
    parser = parser_with(extensions)
    arguments, unknown = parser.parse_known_args(words)
    if unknown:
        # Names alone: what follows a mistyped flag may be a password.
        names = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        parser.error(f"unknown flags: {' '.join(names)}" if names else f"{len(unknown)} words belong to no flag")
    config = load_config(arguments.config)
    try:
        settle_cameras(arguments)
        config = with_flags(config, arguments, extensions)
    except LprError as error:
        parser.error(str(error))
    _check_usage(parser, arguments, config)
    return arguments, config


def _check_usage(parser: argparse.ArgumentParser, arguments: argparse.Namespace, config: Config) -> None:
    if arguments.json and not (arguments.info or arguments.doctor):
        parser.error("--json belongs to --info and --doctor; readings are always JSON")
    if arguments.replay is not None and not config.sends:
        parser.error("--replay sends stored events to sinks: give --webhook, --mqtt, --jsonl or --csv as well")
    if arguments.print and not arguments.install_service:
        parser.error("--print belongs to --install-service")
    if arguments.hash_list and not config.privacy.hash_plates:
        parser.error("--hash-list needs --hash-plates: the hashes are for devices that keep no plates")
    if arguments.demo and config.privacy.hash_plates:
        parser.error("--demo shows what its plates are: leave out --hash-plates")
    _check_source(parser, arguments, config)


def _check_source(parser: argparse.ArgumentParser, arguments: argparse.Namespace, config: Config) -> None:
    if arguments.info or arguments.characters or arguments.crops:
        for name in NEED_PLATES:
            if hasattr(arguments, name):
                parser.error(f"--{name.replace('_', '-')} needs plates to look at: --camera, --source or --demo")
    elif arguments.demo or arguments.doctor or arguments.hash_list:
        return
    elif not config.has_source:
        parser.error("nothing to read: give --camera N, --source X or --demo, or `camera` or `source` in a config file")


def find_extensions(words: Sequence[str]) -> list[type[ExtensionSettings]]:
    """Sinks and runtimes whose flags the command line contains; all of them for --help.

    Raises:
        LprError: another package's sink or runtime can't be loaded.
    """
    if "-h" in words or "--help" in words:
        return extension_settings()
    known = {name for action in parser_with(())._actions for name in action.option_strings}
    flags = [word.partition("=")[0] for word in words if word.startswith("--")]
    strange = [flag.removeprefix("--").removeprefix("no-").replace("-", "_") for flag in flags if flag not in known]
    return [*sink_classes(strange).values(), *runtime_classes(strange).values()]


def build_parser() -> argparse.ArgumentParser:
    """Parser with the flags of all installed sinks and runtimes."""
    return parser_with(extension_settings())


def parser_with(extensions: Sequence[type[ExtensionSettings]]) -> argparse.ArgumentParser:
    """Parser with the flags of some sinks and runtimes."""
    sinks = [extension for extension in extensions if issubclass(extension, SwitchedSettings)]
    runtimes = [extension for extension in extensions if not issubclass(extension, SwitchedSettings)]
    others = (
        f"Subcommands: {', '.join(f'lpr-edge {name}' for name in JOBS)}, which take the flags above and stand for"
        f" the flag of their name; {', '.join(f'lpr-edge {name}' for name in SUBCOMMANDS)}, each with its own --help."
    )
    parser = argparse.ArgumentParser(prog="lpr-edge", description=__doc__, epilog=others, allow_abbrev=False)
    parser.add_argument("--version", action=_Version)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; LPR_... and flags go over it")
    _add_jobs(parser.add_argument_group("what to do, one of").add_mutually_exclusive_group())
    _add_service(parser.add_argument_group("at a gate"))
    for title, settings in GROUPS.items():
        group = parser.add_argument_group(title)
        for setting in settings_in(settings).values():
            if setting.key not in ELSEWHERE:
                add_flag(group, setting, *(f"--{old}" for old, new in OLD_KEYS.items() if new == setting.key))
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


if __name__ == "__main__":
    sys.exit(main())
