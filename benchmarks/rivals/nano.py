"""A nano detector from Ultralytics' package, with the weights that it begins with."""

import os
from importlib import import_module
from pathlib import Path

from lpr_edge.contract.base.errors import LprError
from rivals.commands import REQUIREMENTS

NETWORK = "yolo26n.yaml"
"""The package's newest nano detector; its default input is 640 pixels square."""
SIZES = (640, 384)
"""Its default, and that of lpr's detector."""


def export_nano(folder: Path, size: int) -> Path:
    """Build it for one class and export it to ONNX as its users do; what is there is kept.

    It writes where it is started and under a name of its own, so this changes the working folder: call it in a process
    of its own.

    Args:
        folder: takes the file.
        size: height and width of its input.

    Raises:
        LprError: Ultralytics isn't installed.
    """
    path = (folder / f"yolo26n-{size}.onnx").resolve()
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    # Nothing is looked up, fetched or installed, and its settings stay here.
    os.environ |= {"YOLO_CONFIG_DIR": str(path.parent), "YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}
    os.environ |= {"YOLO_VERBOSE": "false"}
    try:
        ultralytics = import_module("ultralytics")
    except ModuleNotFoundError as error:
        raise LprError(f"Ultralytics isn't installed here: make rivals, or pip install -r {REQUIREMENTS}") from error
    detector = ultralytics.YOLO(NETWORK)
    plain = detector.model
    detector.model = import_module("ultralytics.nn.tasks").DetectionModel(NETWORK, nc=1, verbose=False)
    detector.model.args, detector.model.task = plain.args, plain.task
    Path(detector.export(format="onnx", imgsz=size)).replace(path)
    return path
