"""The contract alone names a run's files and the types of networks."""

import ast
from pathlib import Path

import pytest

from lpr_edge.contract.run import folder as run_folder
from lpr_edge.contract.run.model_types import MODEL_TYPES, NAMED_TYPES
from lpr_export.evaluate.task_metrics import TASK_METRICS
from lpr_train.tasks.registry import TASKS, task_classes

PACKAGES = ("edge/lpr_edge", "train/lpr_train", "export/lpr_export", "benchmarks/lpr_bench")
NAMES = {value for name, value in vars(run_folder).items() if name.isupper()}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_module_writes_a_run_files_name(repository: Path, package: str) -> None:
    """A file of a run folder is named by `contract.run.folder`, in no other module's text."""
    found = [
        f"{path.name}:{node.lineno} {node.value}"
        for path in (repository / package).rglob("*.py")
        if path.name != "folder.py" or path.parent.name != "run"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in NAMES
    ]
    assert found == []


def test_every_type_is_trained_and_measured() -> None:
    """Each type of network has a command of lpr-train whose task is of its kind, and metrics in lpr-export."""
    assert list(TASKS) == list(NAMED_TYPES)
    assert set(TASK_METRICS) == set(MODEL_TYPES)
    for name, model_type in NAMED_TYPES.items():
        assert getattr(task_classes(name)[1], "kind", None) == model_type.kind
        assert model_type.score_role in model_type.roles
        assert model_type.labels_role is None or model_type.labels_role in model_type.roles
