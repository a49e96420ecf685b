import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = {
    "lpr_edge": "edge/lpr_edge",
    "lpr_export": "export/lpr_export",
    "lpr_train": "train/lpr_train",
    "lpr_bench": "benchmarks/lpr_bench",
}
ALLOWED_OF_OURS = {
    "lpr_edge.contract": ("lpr_edge.contract",),
    "lpr_edge": ("lpr_edge",),
    "lpr_export": ("lpr_export", "lpr_edge"),
    "lpr_train": ("lpr_train", "lpr_edge.contract"),
    "lpr_bench": ("lpr_bench", "lpr_edge", "lpr_export"),
}
NEVER_ON_THE_DEVICE = ("tensorflow", "keras", "onnx", "tf2onnx")
EXTRAS = (
    *NEVER_ON_THE_DEVICE,
    "h5py",
    "matplotlib",
    "onnxruntime",
    "paho",
    "starlette",
    "tflite_runtime",
    "tqdm",
    "uvicorn",
)
MODULE_NAME = re.compile(rf"({'|'.join((*PACKAGES, *NEVER_ON_THE_DEVICE))})(\.\w*)*")


def is_inside(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def imported_modules(source: str) -> Iterator[str]:
    """Every module that the source names in an import, wherever it stands.

    What is imported by a computed name must come from a text somewhere, so texts that read like module names count too.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE_NAME.fullmatch(node.value):
            yield node.value.rstrip(".")


def modules_of(repository: Path, package: str) -> Iterator[tuple[str, str]]:
    """A package's modules, as dotted name and source text."""
    folder = repository / PACKAGES[package]
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path.read_text(encoding="utf-8")


def all_imports(repository: Path, package: str) -> list[tuple[str, str]]:
    return [(name, found) for name, text in modules_of(repository, package) for found in imported_modules(text)]


def test_reader_of_imports_sees_lazy_and_dynamic_ones() -> None:
    """Imports inside functions, by `from`, by a name in a text and by a name put together are all seen."""
    source = """
import os.path
def later():
    from keras import layers
importlib.import_module("onnx.helper")
MODULES = {"a": "tensorflow"}
import_module(f"lpr_train.{command}")
print("the onnx file")
"""
    assert sorted(imported_modules(source)) == ["keras.layers", "lpr_train", "onnx.helper", "os.path", "tensorflow"]


@pytest.mark.parametrize("package", PACKAGES)
def test_package_has_modules(repository: Path, package: str) -> None:
    """The walk really finds each package, so the other tests can't pass by reading nothing."""
    assert (package, False) in [(name, not text) for name, text in modules_of(repository, package)]


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_between_our_packages(repository: Path, package: str) -> None:
    """Training knows the contract alone, export knows the edge, bench knows both, and the edge knows nobody."""
    wrong = [
        f"{name} imports {found}"
        for name, found in all_imports(repository, package)
        if any(is_inside(found, ours) for ours in PACKAGES)
        and not any(is_inside(found, allowed) for allowed in ALLOWED_OF_OURS[package])
    ]
    assert wrong == []


def test_contract_stands_alone(repository: Path) -> None:
    """The contract imports nothing of ours but itself, so that training can use it without the device."""
    wrong = [
        f"{name} imports {found}"
        for name, found in all_imports(repository, "lpr_edge")
        if is_inside(name, "lpr_edge.contract")
        and any(is_inside(found, ours) for ours in PACKAGES)
        and not is_inside(found, "lpr_edge.contract")
    ]
    assert wrong == []


def test_device_names_no_training_framework(repository: Path) -> None:
    """lpr_edge imports no TensorFlow, Keras, onnx or tf2onnx, at no depth and under no condition."""
    wrong = [
        f"{name} imports {found}"
        for name, found in all_imports(repository, "lpr_edge")
        if any(is_inside(found, never) for never in NEVER_ON_THE_DEVICE)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_are_absolute(repository: Path, package: str) -> None:
    """No import is relative, so that these tests and every reader can see where it leads."""
    assert [
        f"{name} imports {found}" for name, found in all_imports(repository, package) if found.startswith(".")
    ] == []


def test_device_command_loads_no_training_framework() -> None:
    """Importing the whole of lpr-edge's command brings in none of them through a third party either."""
    code = f"import sys, lpr_edge.app.cli; print([n for n in {NEVER_ON_THE_DEVICE} if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("package", PACKAGES)
def test_help_works_without_extras(package: str) -> None:
    """Each command's --help runs where nothing but the device part is installed."""
    code = f"""
import importlib.abc, sys
EXTRAS = {EXTRAS}
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in EXTRAS:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from {package}.app.cli import main
sys.exit(main(["--help"]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: " + package.replace("_", "-"))
