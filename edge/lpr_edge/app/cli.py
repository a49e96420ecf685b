"""`lpr-edge`: plates from a camera, a stream or files, as JSON lines."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from lpr_edge.app.camera_flags import settle_cameras
from lpr_edge.app.parser import as_flags, find_extensions, parser_with
from lpr_edge.app.subcommands import SUBCOMMANDS, find_subcommand, run_subcommand
from lpr_edge.base.log import set_volume, warn
from lpr_edge.base.signals import Reloading, Terminated, hold_signals, reloading_on_sighup, stopping_on_sigterm
from lpr_edge.base.workers import FAULTS, reporting_faults
from lpr_edge.config.config import Config
from lpr_edge.config.extensions import extension_settings
from lpr_edge.config.loading import load_config, with_flags
from lpr_edge.contract.base.command import run_command
from lpr_edge.contract.base.errors import LprError

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


def build_parser() -> argparse.ArgumentParser:
    """Parser with the flags of all installed sinks and runtimes."""
    return parser_with(extension_settings(), SUBCOMMANDS)


def parse_arguments(argv: list[str] | None) -> tuple[argparse.Namespace, Config]:
    """Parse and check the command line; wrong usage exits with 2.

    Returns:
        What to do, and the settings of file, environment and flags together.

    Raises:
        LprError: file or environment is wrong.
    """
    words = as_flags(sys.argv[1:] if argv is None else argv)
    extensions = find_extensions(words)
    parser = parser_with(extensions, SUBCOMMANDS)
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


if __name__ == "__main__":
    sys.exit(main())
