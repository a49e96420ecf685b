"""LiteRT and tflite-runtime: the same interpreter in two packages."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from traceback import clear_frames

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray
from lpr_edge.contract.base.errors import ModelError
from lpr_edge.contract.manifest import Manifest
from lpr_edge.runtimes.engine import Written, import_runtime
from lpr_edge.runtimes.runtime import Runtime


class TfliteEngine:
    """A `.tflite` file in the interpreter of either package."""

    def __init__(self, path: Path, threads: int, name: str, package: str, module: str, rows: int | None = None) -> None:
        """Load a file.

        Args:
            path: the file.
            threads: that it may use.
            name: of the runtime, as `--runtime` takes it.
            package: that brings the interpreter.
            module: of that package.
            rows: height of the input; None for the file's own.
        """
        self.name = name
        interpreter_class = import_runtime(module, package).Interpreter
        self.version = version(package)
        self._again = partial(TfliteEngine, path, threads, name, package, module)
        with quiet_stderr():
            self._interpreter = interpreter_class(model_path=str(path), num_threads=threads)
            self._input = self._interpreter.get_input_details()[0]["index"]
            if rows is not None:
                shape = self._interpreter.get_input_details()[0]["shape"]
                self._interpreter.resize_tensor_input(self._input, [shape[0], rows, *shape[2:]])
            self._interpreter.allocate_tensors()
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    @property
    def has_xnnpack(self) -> bool:
        """Whether XNNPACK's fast kernels run the network or a part of it, rather than the interpreter's own."""
        return any(operator["op_name"] == "DELEGATE" for operator in self._interpreter._get_ops_details())

    def run(self, tensor: AnyArray) -> Sequence[AnyArray]:
        """See `Engine.run`."""
        self._interpreter.set_tensor(self._input, tensor)
        return self.invoke()

    def fill(self, write: Callable[[AnyArray], Written]) -> Written:
        """See `FillableEngine.fill`."""
        try:
            return write(self._interpreter.tensor(self._input)())
        except Exception as error:
            # The interpreter refuses to run while anything refers to its memory, as an error's frames do.
            clear_frames(error.__traceback__)
            raise

    def invoke(self) -> Sequence[AnyArray]:
        """See `FillableEngine.invoke`."""
        self.compute()
        return [self._interpreter.get_tensor(index) for index in self._outputs]

    def compute(self) -> None:
        """Run the network alone: its outputs stay in the interpreter's memory."""
        self._interpreter.invoke()

    def with_rows(self, rows: int) -> "TfliteEngine | None":
        """See `FillableEngine.with_rows`; files of lpr-export leave the height of their operators open."""
        try:
            return self._again(rows=rows)
        except RuntimeError:  # of the operator whose shape doesn't fit
            return None


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Suppress messages of the C++ library ("Created XNNPACK delegate"); its errors are exceptions."""
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
    """Open a file in LiteRT, TFLite's maintained successor."""
    return TfliteEngine(path, threads, "litert", "ai-edge-litert", "ai_edge_litert.interpreter")


def open_tflite(path: Path, threads: int, _manifest: Manifest | None = None) -> TfliteEngine:
    """Open a file in tflite-runtime, for boards without wheels of LiteRT.

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
    """Whether XNNPACK runs a file in `litert` or `tflite`; tflite-runtime uses it for float networks only."""
    return (open_litert if name == "litert" else open_tflite)(path, 1).has_xnnpack
