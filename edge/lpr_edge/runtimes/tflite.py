"""LiteRT and tflite-runtime: the same interpreter in a new and an old package."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray
from lpr_edge.contract.base.errors import ModelError
from lpr_edge.contract.manifest import Manifest
from lpr_edge.runtimes.engine import Written, import_runtime
from lpr_edge.runtimes.runtime import Runtime


class TfliteEngine:
    """A `.tflite` file in either package's interpreter."""

    def __init__(self, path: Path, threads: int, name: str, package: str, module: str) -> None:
        self.name = name
        interpreter_class = import_runtime(module, package).Interpreter
        self.version = version(package)
        with quiet_stderr():
            self._interpreter = interpreter_class(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    @property
    def has_xnnpack(self) -> bool:
        """Whether XNNPACK's fast kernels compute the network, or part of it; else the interpreter's own do."""
        return any(operator["op_name"] == "DELEGATE" for operator in self._interpreter._get_ops_details())

    def run(self, tensor: AnyArray) -> Sequence[AnyArray]:
        """See `Engine.run`."""
        self._interpreter.set_tensor(self._input, tensor)
        return self.invoke()

    def fill(self, write: Callable[[AnyArray], Written]) -> Written:
        """See `FillableEngine.fill`; while the array is referred to, the interpreter refuses to run."""
        return write(self._interpreter.tensor(self._input)())

    def invoke(self) -> Sequence[AnyArray]:
        """See `FillableEngine.invoke`."""
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send what the library's C++ says about itself ("Created XNNPACK delegate") nowhere; its errors are exceptions."""
    try:
        kept = os.dup(2)
    except OSError:  # a service may run without a stderr
        yield
        return
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def open_litert(path: Path, threads: int, _manifest: Manifest | None = None) -> TfliteEngine:
    """Open a file in LiteRT, the TFLite that Google still releases."""
    return TfliteEngine(path, threads, "litert", "ai-edge-litert", "ai_edge_litert.interpreter")


def open_tflite(path: Path, threads: int, _manifest: Manifest | None = None) -> TfliteEngine:
    """Open a file in tflite-runtime, for boards that LiteRT has no wheel for.

    Raises:
        ModelError: it isn't installed, or NumPy is one that it dies under without a message.
    """
    if int(np.__version__.partition(".")[0]) >= 2:
        raise ModelError(
            f"tflite-runtime can't run under NumPy {np.__version__}: pip install 'numpy<2', or take --runtime litert"
        )
    return TfliteEngine(path, threads, "tflite", "tflite-runtime", "tflite_runtime.interpreter")


LITERT = Runtime("litert", (".tflite",), "ai_edge_litert", "ai-edge-litert", open_litert)
TFLITE = Runtime("tflite", (".tflite",), "tflite_runtime", "tflite-runtime", open_tflite)


def uses_xnnpack(path: Path, name: str) -> bool:
    """Whether XNNPACK computes a file in `litert` or `tflite`; tflite-runtime takes it for float networks alone."""
    return (open_litert if name == "litert" else open_tflite)(path, 1).has_xnnpack
