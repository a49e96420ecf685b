"""Which runtimes load a file: by the table of operators' versions, and by trying those that are installed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lpr_export.base.operator_versions import (
    Operator,
    check_builtins,
    check_integers,
    oldest_tflite,
    onnx_support,
    read_operators,
    tflite_support,
)
from lpr_export.evaluate.parity import Refusal, Subject
from lpr_export.publish.files import Draft

WRONG = "loads, and is wrong"


@dataclass(frozen=True)
class RuntimeSupport:
    """A file's way into a runtime."""

    file: str
    runtime: str
    """With its version, as the table names it."""
    expected: bool
    """What the table says."""
    unknown: tuple[str, ...]
    """Operators that are too new for it, with their layers."""
    tried: str
    """What it did here: `runs in …`, `loads, and is wrong in …`, `refused: …` or `not installed here`."""
    oldest: str
    """The oldest TensorFlow whose TFLite loads the file, as its converter notes; empty for ONNX."""

    @property
    def is_able(self) -> bool:
        """Whether table and trial, where there was one, both say that the file runs there."""
        return self.expected and not self.tried.startswith((WRONG, "refused"))


def check_operators(drafts: Sequence[Draft], float_layers: Sequence[str]) -> Mapping[str, list[Operator]]:
    """Read every TFLite file's operators, by file name, and see that they are what the file is called.

    Raises:
        ExportError: one isn't TFLite's own, or computes in float where the file is called int8.
    """
    found = {
        one.name: read_operators(one.weights, [output.role for output in one.manifest.outputs])
        for one in drafts
        if one.suffix == ".tflite"
    }
    for one in drafts:
        if one.suffix == ".tflite":
            check_builtins(found[one.name], one.name)
        if one.suffix == ".tflite" and one.precision == "int8":
            check_integers(found[one.name], one.name, float_layers)
    return found


def runtime_support(
    drafts: Sequence[Draft],
    operators: Mapping[str, Sequence[Operator]],
    subjects: Sequence[Subject],
    refusals: Sequence[Refusal],
) -> tuple[RuntimeSupport, ...]:
    """What table and trial say of every file and runtime."""
    found = []
    for one in drafts:
        is_tflite = one.suffix == ".tflite"
        oldest = oldest_tflite(one.weights) if is_tflite else ""
        for able in tflite_support(operators[one.name]) if is_tflite else onnx_support(one.weights):
            tried = _tried(one.name, able.runtime.split()[0], subjects, refusals)
            found.append(RuntimeSupport(one.name, able.runtime, able.knows_all, able.unknown, tried, oldest))
    return tuple(found)


def _tried(name: str, runtime: str, subjects: Sequence[Subject], refusals: Sequence[Refusal]) -> str:
    known_as = "tflite" if runtime == "tflite-runtime" else runtime
    why = [one.why for one in refusals if (one.path.name, one.runtime) == (name, known_as)]
    for subject in subjects:
        if (subject.path.name, subject.runtime) == (name, known_as):
            return f"{WRONG if why else 'runs'} in {subject.model.runtime_version}"
    return f"refused: {why[0]}" if why else "not installed here"
