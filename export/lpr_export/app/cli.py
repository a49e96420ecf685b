"""Convert a trained Keras network to TFLite and ONNX files, and publish them only if they match the float network."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lpr_edge.contract.base.command import run_command
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.model_types import PLATE_TYPES
from lpr_export.app.parser import FORMATS, build_parser, build_verify_parser
from lpr_export.base.errors import GateError
from lpr_export.base.options import PRECISIONS, ExportOptions
from lpr_export.report.progress import show_progress

if TYPE_CHECKING:
    from lpr_export.app.export import Exported

T = TypeVar("T")
VERIFY = "verify"
PUBLISH = "publish"


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
    from lpr_edge.contract.report.html_page import check_installed
    from lpr_export.app.export import check_confidence, check_names, export
    from lpr_export.base.run_folder import open_run, shipped_runs
    from lpr_export.convert.worker import start_worker

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
