"""Find which version of each built-in operator a TFLite runtime knows: `python -m tests.support.probe_operators`.

Prints JSON, operator -> greatest version, for `export/lpr_export/operator_versions.json`. The runtime is given files of
one operator in rising versions; it looks every operator up before it does anything else. One runtime a process: two of
them can't be loaded together.
"""

import importlib
import json
import sys
from typing import Any

RUNTIMES = {"litert": "ai_edge_litert.interpreter", "tflite": "tflite_runtime.interpreter"}
MAX_VERSIONS = 20


def one_operator(code: int, version: int) -> bytes:
    """A TFLite file that names an operator and computes nothing."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT()
    model.version, model.buffers = 3, [schema.BufferT()]
    operator = schema.OperatorCodeT()
    operator.builtinCode, operator.deprecatedBuiltinCode, operator.version = code, min(code, 127), version
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [], [], [], []
    model.operatorCodes, model.subgraphs = [operator], [graph]
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def knows(interpreter: Any, code: int, version: int) -> bool:
    """Whether the runtime loads a file with that operator."""
    try:
        interpreter(model_content=one_operator(code, version))
    except (RuntimeError, ValueError):
        return False
    return True


def greatest_versions(runtime: str) -> dict[str, int]:
    """Operator -> the greatest version that the runtime knows."""
    from ai_edge_litert import schema_py_generated as schema

    interpreter = importlib.import_module(RUNTIMES[runtime]).Interpreter
    codes = {name: code for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    versions = range(1, MAX_VERSIONS)
    found = {name: [v for v in versions if knows(interpreter, code, v)] for name, code in codes.items()}
    return {name: max(known) for name, known in found.items() if known}


if __name__ == "__main__":
    print(json.dumps(greatest_versions(sys.argv[1]), sort_keys=True))
