"""Which runtimes support a file: by the table of operator versions, and by running it in the installed ones."""

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
    """Support of a file by a runtime."""

    file: str
    runtime: str
    """Name and version, as in the table."""
    expected: bool
    """Whether the table has all of its operators."""
    unknown: tuple[str, ...]
    """Unsupported operators with their layers."""
    tried: str
    """Result of running it here: `runs in …`, `loads, and is wrong in …`, `refused: …` or `not installed here`."""
    oldest: str
    """The oldest TensorFlow whose TFLite loads the file, by the converter's metadata; empty for ONNX."""

    @property
    def is_able(self) -> bool:
        """Whether the file runs there, by the table and, if installed, by running it."""
        return self.expected and not self.tried.startswith((WRONG, "refused"))


def check_operators(drafts: Sequence[Draft], float_layers: Sequence[str]) -> Mapping[str, list[Operator]]:
    """Read and check every TFLite file's operators; returns file name -> operators.

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
    """Support of every file by every runtime of the table.

    Args:
        drafts: the files.
        operators: file name -> its operators.
        subjects: files that ran in the runtimes installed here.
        refusals: files that one of these didn't load.
    """
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
