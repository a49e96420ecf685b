"""lpr-export: float networks to int8 TFLite and ONNX that prove themselves."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lpr_edge.contract.errors import LprError
from lpr_export.errors import GateError

if TYPE_CHECKING:
    from lpr_export.export import Exported

T = TypeVar("T")
PRECISIONS = ("int8", "float32")
EPILOG = """\
Each file is compared with the float network, in every runtime installed here, on pictures that neither training nor
calibration saw. Exit status: 0 exported; 1 something can't be used, or accuracy was lost, and no file was replaced;
2 wrong usage.
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
    parser.add_argument("--float32", action="store_true", help="write float32 files")
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="calibrate on this folder's training split and measure on its test or validation split, instead of the "
        "run's own pictures",
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
    parser.add_argument("--seed", type=int, default=0, help="of the draw from --data (default: 0)")
    return parser


def _points(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text} is no number of points between 0 and 100")
    return value


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = build_parser()
    wished = parser.parse_args(argv)
    if not (wished.int8 or wished.float32):
        parser.error("nothing to write: give --int8, --float32 or both")
    try:
        return _export_all(wished)
    except LprError as error:
        return _fail(error)
    except KeyboardInterrupt:
        print("lpr-export: stopped; no file was left half written", file=sys.stderr)
        return 130


def _fail(error: LprError) -> int:
    print(f"lpr-export: {error}", file=sys.stderr)
    return 1


def _export_all(wished: argparse.Namespace) -> int:
    # Here and not above: --help stays fast.
    from lpr_export.export import Wish, check_names, export
    from lpr_export.run_folder import open_run
    from lpr_export.shipped import shipped_runs
    from lpr_export.worker import start_worker

    precisions = tuple(name for name in PRECISIONS if getattr(wished, name))
    wish = Wish(precisions, wished.out, wished.data, wished.max_drop, wished.seed)
    runs = [open_run(path) for path in wished.runs] or shipped_runs()
    check_names(runs)
    done: list[Exported] = []
    with start_worker() as worker:
        for number, run in enumerate(runs, 1):
            _say(f"{run.card.name}: converting ({number} of {len(runs)})")
            try:
                done.append(export(run, wish, worker, _progress))
            except LprError as error:  # the other runs may still be good
                _fail(error)
                _show_comparison(error)
            else:
                print(f"{done[-1].table}\n")
    _show_files(done)
    return 0 if len(done) == len(runs) else 1


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _progress(cases: Sequence[T]) -> Iterable[T]:
    """A bar on a terminal; nothing elsewhere."""
    from lpr_export.tensorflow_quiet import load_module

    bar: Iterable[T] = load_module("tqdm", "tqdm").tqdm(cases, desc="comparing", unit=" pictures", disable=None)
    return bar


def _show_comparison(error: LprError) -> None:
    if isinstance(error, GateError):
        print(f"{error.table}\n")


def _show_files(done: Sequence["Exported"]) -> None:
    """Name what was written, and the next command to type."""
    for path in (path for exported in done for path in exported.paths):
        print(f"wrote {path}")
    # Of both precisions, int8 is what a device is for; its TFLite file comes first.
    found = {e.kind: min(e.paths, key=lambda path: ".int8." not in path.name) for e in done}
    if "detector" in found and "reader" in found:
        print(f"next: lpr-edge --detector {found['detector']} --reader {found['reader']} --source PICTURE")
