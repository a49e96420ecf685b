"""All rivals in one run: `python -m rivals.run --data DIR`, in an environment of its own.

Three parts. `train`: fast-plate-ocr's own trainer and lpr's reader from nothing, on the same plates, for the same time
on a core each. `read`: readings of the same rectified plates by both, the shipped reader and Tesseract. `speed`:
networks in one table. What is done lies in the work folder and isn't done again.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from lpr_bench.base.results import Record, add_record
from lpr_bench.system.boards import RESULTS, show
from lpr_bench.system.environment import board_name, describe_environment, file_stem, installed_versions
from lpr_bench.system.system_monitor import observe
from lpr_bench.system.validity import describe_validity, machine_faults
from lpr_edge.contract.base.errors import LprError
from rivals.alphabet import alphabet_of

PARTS = ("train", "read", "speed")
PACKAGES = ("fast-plate-ocr", "ultralytics", "keras", "tensorflow", "torch")
"""What affects the results in addition to what every result names."""


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="rivals", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="lpr's data folder: holds plates/")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help="train, read, speed")
    parser.add_argument("--minutes", type=float, default=35.0, metavar="N", help="to train each (default: 35)")
    parser.add_argument("--rendered", type=int, default=5000, metavar="N", help="plates to paint (default: 5000)")
    parser.add_argument("--epochs", type=int, metavar="N", help="of lpr's reader (default: by its pace)")
    parser.add_argument("--peer-epochs", type=int, metavar="N", help="of fast-plate-ocr (default: by its pace)")
    parser.add_argument("--split", default="test", help="what is read (default: %(default)s)")
    parser.add_argument("--published", type=Path, metavar="FILE", help="the article's classifier, float32 .tflite")
    parser.add_argument("--work", type=Path, default=Path("build/rivals"), metavar="DIR", help="default: %(default)s")
    parser.add_argument("--board", help="this machine's name in the result (default: what it calls itself)")
    parser.add_argument("--json", type=Path, metavar="FILE", help=f"default: {RESULTS}/rivals-<board>.json")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the parts that were asked for, print their tables, write their records."""
    parsed = build_parser().parse_args(argv)
    cv2.setNumThreads(1)
    try:
        for part in PARTS:
            if part in parsed.parts:
                ACTS[part](parsed)
    except LprError as error:
        print(f"rivals: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rivals: stopped; the same command goes on", file=sys.stderr)
        return 130
    return 0


def _train(parsed: argparse.Namespace) -> None:
    # TensorFlow is slow to import, and reading and speed do without what this imports.
    from rivals.fast_plate import SIZE_HW
    from rivals.training import OWN, PEER, train_both
    from rivals.training_set import write_training_set

    written = write_training_set(parsed.data, parsed.work / "set", parsed.rendered, SIZE_HW)
    wanted_epochs = {OWN: parsed.epochs, PEER: parsed.peer_epochs}
    train_both(parsed.data, parsed.work, written, 60 * parsed.minutes, wanted_epochs)


def _read(parsed: argparse.Namespace) -> None:
    from rivals.plates import format_scores
    from rivals.reading import read_all

    with observe() as observed:
        found = read_all(parsed.data, parsed.split, parsed.work)
    record = {"benchmark": "rivals", **found, "environment": describe_environment(), "machine": observed}
    _publish(
        {**record, "validity": describe_validity(machine_faults(observed))}, format_scores(found["readers"]), parsed
    )


def _speed(parsed: argparse.Namespace) -> None:
    from rivals.speed import build_networks, format_speed, measure

    networks = build_networks(parsed.work / "speed", alphabet_of(), parsed.published)
    with observe() as observed:
        cases = measure(networks)
    record = {"benchmark": "rivals-speed", "cases": cases, "environment": describe_environment(), "machine": observed}
    _publish({**record, "validity": describe_validity(machine_faults(observed))}, format_speed(cases), parsed)


ACTS = {"train": _train, "read": _read, "speed": _speed}


def _publish(record: Record, text: str, parsed: argparse.Namespace) -> None:
    """Print a record, and put it into the board's file of rivals."""
    board = parsed.board or board_name()
    record = {**record, "packages": installed_versions(PACKAGES)}
    show(record, text)
    path = parsed.json or RESULTS / f"rivals-{file_stem(board)}.json"
    add_record(path, board, {**record, "board": board})
    print(f"Wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
