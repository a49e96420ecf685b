"""ONNX Runtime, for `.onnx` files."""

from collections.abc import Sequence
from pathlib import Path

from lpr_edge.contract.arrays import AnyArray
from lpr_edge.runtimes.engine import import_runtime


class OnnxRuntimeEngine:
    """A file in ONNX Runtime, on the CPU."""

    name = "onnxruntime"

    def __init__(self, path: Path, threads: int) -> None:
        runtime = import_runtime("onnxruntime", "onnxruntime")
        self.version: str = runtime.__version__
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input: str = self._session.get_inputs()[0].name

    def run(self, tensor: AnyArray) -> Sequence[AnyArray]:
        """See `Engine.run`."""
        outputs: list[AnyArray] = self._session.run(None, {self._input: tensor})
        return outputs
