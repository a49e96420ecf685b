"""`lpr-edge`: plates from a camera, a stream or files, as JSON lines."""

import argparse
import io
import os
import sys
from pathlib import Path

from lpr_edge.contract.errors import LprError

RUNTIME_NAMES = ("auto", "litert", "tflite", "onnxruntime", "opencv")
"""`auto` and `runtimes.RUNTIMES`; written out here so that --help needs nothing heavy."""

DEFAULT_CONFIDENCE = 0.5
"""Of the shipped models' readings of training photographs, 6 % of those below it were right, and 81 % of the others."""


def main(argv: list[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 for what went wrong, 2 for wrong usage, 130 for Ctrl-C."""
    arguments = parse_arguments(argv)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # read when OpenCV is loaded; lpr says itself what went wrong
    _speak_utf8()
    try:
        from lpr_edge.jobs import run_job

        return run_job(arguments)
    except LprError as error:
        print(f"lpr-edge: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _forget_stdout()
        return 1


def _speak_utf8() -> None:
    """JSON is UTF-8, whatever the locale."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def _forget_stdout() -> None:
    """Nobody reads stdout any more: let Python's last flush go nowhere, without a complaint."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Parse and check the command line; exits with 2 where it is wrong."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.json and not arguments.info:
        parser.error("--json belongs to --info; readings are always JSON")
    if arguments.info or arguments.characters:
        for name in ("show", "save_video", "save_images", "every_frame"):
            if getattr(arguments, name):
                parser.error(f"--{name.replace('_', '-')} needs plates to look at: --camera, --source or --demo")
    return arguments


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="lpr-edge", description=__doc__, allow_abbrev=False)
    parser.add_argument("--version", action=_Version)
    _add_jobs(parser.add_argument_group("what to do, one of").add_mutually_exclusive_group(required=True))
    _add_models(parser.add_argument_group("models"))
    _add_reading(parser.add_argument_group("reading"))
    _add_views(parser.add_argument_group("looking at it"))
    return parser


def _add_jobs(group: argparse._MutuallyExclusiveGroup) -> None:
    group.add_argument(
        "--camera", type=_whole_number, metavar="N", help="read the camera of that number; 0 is the first"
    )
    group.add_argument(
        "--source", metavar="X", help="read a picture, a folder of pictures, a video file or a stream's URL"
    )
    group.add_argument(
        "--demo", action="store_true", help="read the clip that comes with lpr, beside what it really shows"
    )
    group.add_argument("--characters", metavar="PATH", help="tell which character each picture of PATH shows")
    group.add_argument("--info", action="store_true", help="print what the models say about themselves")


def _add_models(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--detector", type=Path, metavar="FILE", help="find plates with this model, not the shipped one")
    group.add_argument("--reader", type=Path, metavar="FILE", help="read plates with this model, not the shipped one")
    group.add_argument(
        "--classifier", type=Path, metavar="FILE", help="for --characters: this model, not the shipped one"
    )
    group.add_argument(
        "--runtime", choices=RUNTIME_NAMES, default="auto", help="what runs the models (default: %(default)s)"
    )
    group.add_argument(
        "--threads", type=_positive, default=1, metavar="N", help="for each model (default: %(default)s)"
    )
    group.add_argument("--json", action="store_true", help="with --info: JSON, one model a line")


def _add_reading(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--min-confidence",
        type=_share,
        default=DEFAULT_CONFIDENCE,
        metavar="P",
        help="leave out plates whose least sure character is below P, 0 to 1 (default: %(default)s)",
    )
    group.add_argument("--every-frame", action="store_true", help="a record for each frame, not for each vehicle")
    group.add_argument("--max-frames", type=_positive, metavar="N", help="stop after so many frames or pictures")


def _add_views(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--show", action="store_true", help="a window with corners and text; q closes it")
    group.add_argument(
        "--save-video", type=Path, metavar="FILE", help="a clip with corners and text (.mp4, .avi, .mkv)"
    )
    group.add_argument(
        "--save-images", type=Path, metavar="DIR", help="each picture, or each vehicle's best frame, so drawn"
    )


class _Version(argparse.Action):
    """Prints the version; looks it up only then."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from lpr_edge import __version__

        print(f"lpr {__version__}")
        parser.exit()


def _whole_number(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a number from 0 on, found {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a number from 1 on, found {text!r}")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, found {text!r}")
    return value


if __name__ == "__main__":
    sys.exit(main())
