"""ONNX Runtime, for `.onnx` files."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from lpr_edge.base.board import saturates_bytes
from lpr_edge.contract.base.arrays import AnyArray
from lpr_edge.contract.manifest import Manifest
from lpr_edge.runtimes.engine import import_runtime
from lpr_edge.runtimes.runtime import Runtime

EXACT_PRODUCTS = "session.x64quantprecision"
"""Session option that makes ONNX Runtime multiply int8 values exactly on x86. Without it, products saturate on
processors without VNNI, and most of a network's outputs are wrong."""


def session_options(runtime: ModuleType, threads: int) -> Any:
    """Session options for ONNX Runtime, whose module is passed in."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry(EXACT_PRODUCTS, str(int(saturates_bytes())))
    return options


class OnnxRuntimeEngine:
    """An `.onnx` file in ONNX Runtime on the CPU."""

    name = "onnxruntime"

    def __init__(self, path: Path, threads: int, _manifest: Manifest | None = None) -> None:
        runtime = import_runtime("onnxruntime", "onnxruntime")
        self.version: str = runtime.__version__
        options = session_options(runtime, threads)
        self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input: str = self._session.get_inputs()[0].name

    def run(self, tensor: AnyArray) -> Sequence[AnyArray]:
        """See `Engine.run`."""
        outputs: list[AnyArray] = self._session.run(None, {self._input: tensor})
        return outputs


ONNX_RUNTIME = Runtime("onnxruntime", (".onnx",), "onnxruntime", "onnxruntime", OnnxRuntimeEngine)
