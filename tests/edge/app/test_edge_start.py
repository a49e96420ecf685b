import subprocess
import sys
from pathlib import Path

import pytest
from tests.edge.app.test_edge_cli import models, pictures

__all__ = ["models", "pictures"]


WATCH = """
import sys
from lpr_edge.app.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as done:
    status = done.code
roots = {name.split(".")[0] for name in sys.modules}
print(status, *sorted(roots), file=sys.stderr)
"""


def modules_after(*arguments: str) -> tuple[int, set[str]]:
    """The status of a command, and the packages that it has loaded."""
    done = subprocess.run([sys.executable, "-c", WATCH, *arguments], capture_output=True, text=True, check=True)
    status, *modules = done.stderr.splitlines()[-1].split()
    return int(status), set(modules)


def test_reading_needs_no_tensorflow(models: list[str], pictures: Path) -> None:
    """A whole run loads neither TensorFlow nor any other training package, and no Pillow when nothing is drawn."""
    status, modules = modules_after("--source", str(pictures), *models)
    assert status == 0
    assert {"numpy", "cv2"} <= modules
    assert not modules & {"tensorflow", "keras", "onnx", "tf2onnx", "onnxruntime", "PIL", "fontpkg", "lpr_train"}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_is_light(argument: str) -> None:
    """Help and version load neither numpy nor OpenCV."""
    status, modules = modules_after(argument)
    assert status == 0
    assert not modules & {"numpy", "cv2", "PIL", "ai_edge_litert"}
