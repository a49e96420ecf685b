"""Choose a runtime for a model file, and load the model."""

from pathlib import Path

from lpr_edge.contract.base.errors import LprError, ModelError
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.runtimes.model import Model, cannot
from lpr_edge.runtimes.runtime import Runtime, find_runtime, own_runtimes


def open_model(path: str | Path, runtime: str | Runtime = "auto", threads: int = 1) -> Model:
    """Check a model file against its manifest, and load it.

    Args:
        path: a `.tflite` or `.onnx` file made by lpr-export.
        runtime: one, or its name, or `auto`: the first of lpr's own that reads the file and is installed.
        threads: that the network may use; more than one helps large networks only.

    Raises:
        ManifestError: the file is missing, damaged, or not lpr's.
        ModelError: the runtime is not installed, doesn't read such files, or can't load this one.
    """
    path = Path(path)
    manifest = read_manifest(path)
    chosen = choose_runtime(path, runtime)
    try:
        engine = chosen.load(path, threads, manifest)
    except LprError:
        raise
    except Exception as error:
        raise ModelError(cannot(path, chosen.name, "load", error)) from error
    return Model(path, manifest, engine)


def choose_runtime(path: Path, runtime: str | Runtime) -> Runtime:
    """Choose the runtime for a file.

    Raises:
        ModelError: the requested runtime doesn't read such files, or none that does is installed.
    """
    if runtime != "auto":
        chosen = find_runtime(runtime)
        if path.suffix in chosen.suffixes:
            return chosen
    able = [found for found in own_runtimes() if path.suffix in found.suffixes]
    if not able:
        raise ModelError(f"{path} is neither a .tflite nor a .onnx file: give one that lpr-export made")
    if runtime != "auto":
        names = " or ".join(found.name for found in able)
        raise ModelError(
            f"{find_runtime(runtime).name} doesn't read {path.suffix} files like {path}: take --runtime {names}"
        )
    installed = next((found for found in able if found.is_installed), None)
    if installed is None:
        raise ModelError(f"no runtime for {path.suffix} files is installed: pip install ai-edge-litert")
    return installed
