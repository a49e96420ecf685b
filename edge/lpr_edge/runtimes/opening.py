"""Choose a runtime for a model file, and load it there."""

import importlib.util
from pathlib import Path

from lpr_edge.contract.errors import LprError, ModelError
from lpr_edge.contract.manifest import Manifest, read_manifest
from lpr_edge.runtimes.engine import Engine
from lpr_edge.runtimes.model import Model, cannot

RUNTIMES = {
    "litert": (".tflite", "ai_edge_litert"),
    "tflite": (".tflite", "tflite_runtime"),
    "onnxruntime": (".onnx", "onnxruntime"),
    "opencv": (".onnx", "cv2"),
}
"""Runtime -> the files it reads and the module it lives in; `auto` takes the first that is installed."""


def open_model(path: str | Path, runtime: str = "auto", threads: int = 1) -> Model:
    """Check a model file against its manifest, and load it.

    Args:
        path: a `.tflite` or `.onnx` file made by lpr-export.
        runtime: one of `RUNTIMES`, or `auto`.
        threads: that the network may use; more than one helps large networks only.

    Raises:
        ManifestError: the file is missing, damaged, or not lpr's.
        ModelError: the runtime is not installed, doesn't read such files, or can't load this one.
    """
    path = Path(path)
    manifest = read_manifest(path)
    name = choose_runtime(path, runtime)
    try:
        engine = _load(path, name, threads, manifest)
    except LprError:
        raise
    except Exception as error:
        raise ModelError(cannot(path, name, "load", error)) from error
    return Model(path, manifest, engine)


def choose_runtime(path: Path, runtime: str) -> str:
    """The runtime to use for a file.

    Raises:
        ModelError: the wished runtime doesn't read such files, or none that does is installed.
    """
    able = [name for name, (suffix, _) in RUNTIMES.items() if suffix == path.suffix]
    if not able:
        raise ModelError(f"{path} is neither a .tflite nor a .onnx file: give one that lpr-export made")
    if runtime == "auto":
        installed = [name for name in able if importlib.util.find_spec(RUNTIMES[name][1])]
        if not installed:
            raise ModelError(f"no runtime for {path.suffix} files is installed: pip install ai-edge-litert")
        return installed[0]
    if runtime not in able:
        raise ModelError(f"{runtime} doesn't read {path.suffix} files like {path}: take --runtime {' or '.join(able)}")
    return runtime


def _load(path: Path, name: str, threads: int, manifest: Manifest) -> Engine:
    """Load a file; a runtime's package is imported here, when it is wanted, and nowhere else."""
    if name == "onnxruntime":
        from lpr_edge.runtimes.onnx_runtime import OnnxRuntimeEngine

        return OnnxRuntimeEngine(path, threads)
    if name == "opencv":
        from lpr_edge.runtimes.opencv_dnn import OpenCvEngine

        return OpenCvEngine(path, threads, manifest)
    from lpr_edge.runtimes.tflite import open_litert, open_tflite

    return open_litert(path, threads) if name == "litert" else open_tflite(path, threads)
