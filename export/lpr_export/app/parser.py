"""Convert a trained Keras network to TFLite and ONNX files, and publish them only if they match the float network."""

import argparse
from pathlib import Path

from lpr_export.base.options import MIN_HELD_OUT, SUFFIXES

FORMATS = {"both": SUFFIXES, "tflite": (".tflite",), "onnx": (".onnx",)}
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
