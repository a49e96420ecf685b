"""Convert a trained Keras network to TFLite and ONNX files, and publish them only if they match the float network."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lpr_edge.contract.base.command import run_command
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.model_types import PLATE_TYPES
from lpr_export.base.errors import GateError
from lpr_export.base.options import MIN_HELD_OUT, PRECISIONS, SUFFIXES, ExportOptions
from lpr_export.report.progress import show_progress

if TYPE_CHECKING:
    from lpr_export.app.export import Exported

T = TypeVar("T")
FORMATS = {"both": SUFFIXES, "tflite": (".tflite",), "onnx": (".onnx",)}
VERIFY = "verify"
PUBLISH = "publish"
EPILOG = """\
Each file is compared with the float network, in every runtime installed here, on pictures that neither training nor
calibration saw. Exit status: 0 exported; 1 something can't be used, or accuracy was lost, and no file was replaced;
2 wrong usage.

lpr-export verify FILE [--data DIR] repeats that on a finished file, with the device part alone. lpr-export publish
keeps a signed repository of models, which devices update themselves from: lpr-export publish --help.
"""
VERIFY_EPILOG = """\
The pictures are the held-out ones of the export: in --data DIR, next to the file as NAME.heldout.npz, or lpr's own. The
file of the other format is compared too if it lies in the same folder. Exit status: 0 the results are those of the
export; 1 they differ, or the pictures are missing.
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="lpr-export", description=__doc__, epilog=EPILOG)
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="*",
        type=Path,
        help="a folder that lpr-train wrote, or the model.keras in it; without any, the networks that lpr carries",
    )
    parser.add_argument("--int8", action="store_true", help="write static full-integer int8 files")
    parser.add_argument(
        "--int8-dynamic",
        action="store_true",
        help="write files with int8 weights, activations quantised at each run; TFLite only",
    )
    parser.add_argument("--float16", action="store_true", help="write files with weights of 16 bits, computed in 32")
    parser.add_argument("--float32", action="store_true", help="write float32 files")
    parser.add_argument("--format", choices=tuple(FORMATS), default="both", help="which files to write (default: both)")
    parser.add_argument(
        "--float-layers",
        metavar="NAMES",
        type=_names,
        default=(),
        help="comma-separated layers that the int8 files keep in float; --explain lists them",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="add to the report: each layer's quantisation error, time, and gain and cost in float (takes minutes)",
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="calibrate on this folder's training split, and measure on its test or validation split and on the "
        "run's own held-out pictures",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("models"), help="where the files go (default: models)"
    )
    parser.add_argument(
        "--max-drop",
        metavar="POINTS",
        type=_points,
        default=0.5,
        help="points (per cent) of any metric that may be lost against float (default: 0.5)",
    )
    parser.add_argument(
        "--min-accuracy",
        metavar="POINTS",
        type=_points,
        help="per cent that the float network must reach on held-out pictures: accuracy of a classifier (default: 50), "
        "exact match of a reader (20), recall of a detector (20). 0 demands nothing, and the files say so",
    )
    parser.add_argument(
        "--allow-small",
        action="store_true",
        help=f"export on fewer than {MIN_HELD_OUT} different held-out pictures; the files say so",
    )
    parser.add_argument(
        "--confidence",
        metavar="FILE",
        type=Path,
        help="a reader's confidence, as lpr-bench calibrate --out writes it (default: confidence.json in its run)",
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed for drawing from --data (default: 0)")
    parser.add_argument("--count", type=_count, default=500, help="pictures drawn from --data (default: 500)")
    return parser


def build_verify_parser() -> argparse.ArgumentParser:
    """The command line of `lpr-export verify`."""
    parser = argparse.ArgumentParser(
        prog="lpr-export verify", description="Repeat the gate on a finished file.", epilog=VERIFY_EPILOG
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="a .tflite or .onnx that lpr-export made")
    parser.add_argument("--data", metavar="DIR", type=Path, help="the data folder that it was evaluated on")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of pictures")
    return value


def _points(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text} is no number of points between 0 and 100")
    return value


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    arguments = sys.argv[1:] if argv is None else argv

    def act() -> int:
        if arguments[:1] == [VERIFY]:
            return _verify(build_verify_parser().parse_args(arguments[1:]))
        if arguments[:1] == [PUBLISH]:
            from lpr_export.app.publish_command import build_publish_parser, publish

            return publish(build_publish_parser().parse_args(arguments[1:]))
        return _export_all(_checked(build_parser(), arguments))

    return run_command("lpr-export", act, "stopped; no file was left half written")


def _checked(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """Parse the flags; exit with 2 where two of them contradict each other."""
    parsed = parser.parse_args(arguments)
    parsed.precisions = tuple(name for name in PRECISIONS if getattr(parsed, name.replace("-", "_")))
    if not parsed.precisions:
        parser.error("nothing to write: give --int8, --int8-dynamic, --float16 or --float32, or several")
    if parsed.int8_dynamic and parsed.format != "tflite":
        parser.error("ONNX can't hold --int8-dynamic as TFLite computes it: add --format tflite")
    if parsed.float_layers and not parsed.int8:
        parser.error("--float-layers is about int8 files: add --int8")
    if parsed.explain and not parsed.int8:
        parser.error("--explain is about int8 files: add --int8")
    return parsed


def _verify(parsed: argparse.Namespace) -> int:
    from lpr_export.publish.verify import verify

    checked = verify(parsed.file, parsed.data, _progress)
    print("\n".join(checked.lines))
    for fault in checked.faults:
        print(f"lpr-export: {fault}", file=sys.stderr)
    print(f"{parsed.file.name}: {'not as it was proved' if checked.faults else 'as it was proved'}")
    return 1 if checked.faults else 0


def _fail(error: LprError) -> int:
    print(f"lpr-export: {error}", file=sys.stderr)
    return 1


def _export_all(parsed: argparse.Namespace) -> int:
    # Here and not above: --help stays fast.
    from lpr_export.app.export import check_confidence, check_names, export
    from lpr_export.base.run_folder import open_run, shipped_runs
    from lpr_export.convert.worker import start_worker
    from lpr_export.report.html_page import check_installed

    options = ExportOptions(
        parsed.precisions,
        parsed.out,
        parsed.data,
        parsed.max_drop,
        parsed.seed,
        parsed.count,
        FORMATS[parsed.format],
        parsed.float_layers,
        parsed.explain,
        parsed.min_accuracy,
        parsed.allow_small,
        parsed.confidence,
    )
    check_installed()
    runs = [open_run(path) for path in parsed.runs] or shipped_runs()
    check_names(runs)
    check_confidence(runs, options)
    done: list[Exported] = []
    with start_worker() as worker:
        for number, run in enumerate(runs, 1):
            _describe(f"{run.card.name}: converting ({number} of {len(runs)})")
            try:
                done.append(export(run, options, worker, _progress))
            except LprError as error:  # the other runs may still be good
                _fail(error)
                _show_comparison(error)
            else:
                print(f"{done[-1].table}\n")
    _show_files(done)
    return 0 if len(done) == len(runs) else 1


def _describe(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _progress(cases: Sequence[T]) -> Iterable[T]:
    return show_progress(cases, "comparing")


def _show_comparison(error: LprError) -> None:
    if isinstance(error, GateError):
        print(f"{error.table}\n")


def _show_files(done: Sequence["Exported"]) -> None:
    """Print the written files and the next command to type."""
    for path in (path for exported in done for path in exported.paths):
        print(f"wrote {path}")
    # Of all precisions, int8 is the one for a device; its TFLite file comes first.
    found = {e.kind: min(e.paths, key=_preference) for e in done}
    failing = [f"{e.kind} {e.useless}" for e in done if e.useless]
    if failing:
        print(
            f"The {'; the '.join(failing)}. The files equal the float network: train it longer, then export it again."
        )
    elif all(one.kind in found for one in PLATE_TYPES):
        flags = " ".join(f"{one.flag} {found[one.kind]}" for one in PLATE_TYPES)
        print(f"next: lpr-edge {flags} --source PICTURE")


def _preference(path: Path) -> tuple[bool, bool]:
    return ".int8." not in path.name, path.suffix != ".tflite"


if __name__ == "__main__":
    sys.exit(main())
