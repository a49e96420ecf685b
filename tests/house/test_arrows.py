import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from lpr_edge.contract.run.model_types import MODEL_TYPES

PACKAGES = {
    "lpr_edge": "edge/lpr_edge",
    "lpr_export": "export/lpr_export",
    "lpr_train": "train/lpr_train",
    "lpr_bench": "benchmarks/lpr_bench",
    "lpr_fleet": "fleet/lpr_fleet",
    "lpr_batch": "batch/lpr_batch",
}
ALLOWED_OF_OURS = {
    "lpr_edge.contract": ("lpr_edge.contract",),
    "lpr_edge": ("lpr_edge",),
    "lpr_export": ("lpr_export", "lpr_edge"),
    # Who may see a page, and what it refuses, is written once: the labelling page has the live page's guard and server.
    "lpr_train": (
        "lpr_train",
        "lpr_edge.contract",
        "lpr_edge.base.web_address",
        "lpr_edge.web.auth",
        "lpr_edge.web.server",
    ),
    "lpr_bench": ("lpr_bench", "lpr_edge", "lpr_export"),
    # What a sign is, and how a part with one sign wrong is found, is written once: the device's history has it.
    "lpr_fleet": ("lpr_fleet", "lpr_edge.contract", "lpr_edge.history.grams", "lpr_edge.history.signs"),
    "lpr_batch": ("lpr_batch", "lpr_edge"),
}
NEVER_ON_THE_DEVICE = ("tensorflow", "keras", "onnx", "tf2onnx")
EXTRAS = (
    *NEVER_ON_THE_DEVICE,
    "fsspec",
    "gpiozero",
    "h5py",
    "jinja2",
    "matplotlib",
    "onnxruntime",
    "paho",
    "pika",
    "psycopg",
    "pyarrow",
    "ray",
    "rich",
    "securesystemslib",
    "starlette",
    "tflite_runtime",
    "tqdm",
    "tuf",
    "uvicorn",
)
LONGEST_CHAIN = 12
"""Modules that one import may pull in behind each other; `__init__` and `__main__` don't count."""
LONGER_CHAINS: dict[str, int] = {}
"""Packages that don't hold the limit yet, with their longest chain: lower the figure, then remove the line."""
MAX_MODULES = 12
"""Modules in a folder, without `__init__`."""
FULLER_FOLDERS: dict[str, int] = {}
"""Folders that don't hold the limit yet, with their modules: lower the figure, then remove the line."""
LONGEST_MODULE = 250
"""Lines of a module: a longer one holds more than one concept."""
LONGER_MODULES: dict[str, int] = {}
"""Modules that don't hold the limit yet, with their lines: lower the figure, then remove the line."""
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


def import_graph(repository: Path, package: str) -> dict[str, set[str]]:
    """Each of a package's modules with those of the same package that it imports, without `__init__` and `__main__`."""
    folder = repository / PACKAGES[package]
    inits = {
        ".".join(path.parent.relative_to(folder.parent).parts)
        for path in folder.rglob("*.py")
        if path.stem == "__init__"
    }
    texts = {name: text for name, text in modules_of(repository, package) if not name.endswith(".__main__")}
    graph = {}
    for name in texts.keys() - inits:
        nearest = {nearest_module(found, texts.keys()) for found in imported_modules(texts[name])}
        graph[name] = nearest - inits - {name, ""}
    return graph


def nearest_module(imported: str, known: Collection[str]) -> str:
    """The module that an imported name lies in: the name itself, or what stands before its last dots; else empty."""
    while imported and imported not in known:
        imported = imported.rpartition(".")[0]
    return imported


def folder_of(module: str) -> str:
    return module.rpartition(".")[0]


def longest_chain(graph: Mapping[str, set[str]]) -> list[str]:
    """The longest way along the arrows of a graph.

    Raises:
        CycleError: there is a cycle.
    """
    chains: dict[str, list[str]] = {}
    for name in TopologicalSorter(graph).static_order():
        chains[name] = [name, *max((chains[found] for found in graph.get(name, ())), key=len, default=[])]
    return max(chains.values(), key=len)


def cycle_in(graph: Mapping[str, set[str]]) -> list[str]:
    """The nodes of one cycle, empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle
    return []


def test_graph_functions() -> None:
    """A chain is counted in modules along its longest way, a cycle is found, and a symbol leads to its module."""
    assert longest_chain({"a": {"b", "d"}, "b": {"c"}, "c": {"d"}}) == ["a", "b", "c", "d"]
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}})) == {"b", "c"}
    assert nearest_module("lpr.base.page.heading", {"lpr.base", "lpr.base.page"}) == "lpr.base.page"
    assert nearest_module("numpy.linalg", {"lpr.base"}) == ""


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_have_no_cycle(repository: Path, package: str) -> None:
    """A package's folders import each other in one direction only, and so do its modules."""
    modules = import_graph(repository, package)
    assert cycle_in(modules) == []
    folders: dict[str, set[str]] = {}
    for name, imported in modules.items():
        folders.setdefault(folder_of(name), set()).update(folder_of(found) for found in imported)
    assert len(folders) > 5
    assert cycle_in({name: found - {name} for name, found in folders.items()}) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_import_chains_are_short(repository: Path, package: str) -> None:
    """No import pulls in more than twelve modules one behind the other."""
    chain = longest_chain(import_graph(repository, package))
    limit = LONGER_CHAINS.get(package, LONGEST_CHAIN)
    assert len(chain) <= limit, " > ".join(chain)
    assert package not in LONGER_CHAINS or len(chain) > LONGEST_CHAIN, f"remove {package} from LONGER_CHAINS"


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_are_small(repository: Path, package: str) -> None:
    """A folder holds at most twelve modules, so that its list can be read at a glance."""
    counts = Counter(folder_of(name) for name in import_graph(repository, package))
    too_full = {folder: count for folder, count in counts.items() if count > FULLER_FOLDERS.get(folder, MAX_MODULES)}
    assert too_full == {}
    known = {folder for folder in FULLER_FOLDERS if is_inside(folder, package)}
    assert {folder for folder in known if counts[folder] <= MAX_MODULES} == set(), "remove them from FULLER_FOLDERS"


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_are_short(repository: Path, package: str) -> None:
    """A module has at most 250 lines, so that it holds one concept."""
    lines = {name: len(text.splitlines()) for name, text in modules_of(repository, package)}
    too_long = {name: count for name, count in lines.items() if count > LONGER_MODULES.get(name, LONGEST_MODULE)}
    assert too_long == {}
    known = {name for name in LONGER_MODULES if is_inside(name, package)}
    assert {name for name in known if lines.get(name, 0) <= LONGEST_MODULE} == set(), "remove them from LONGER_MODULES"


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
    """Training knows the contract and a page's guard, export the edge, bench both of these, and the edge nobody.

    The centre knows the contract, and what a sign is; archives know the edge.
    """
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


def test_device_makes_no_report(repository: Path) -> None:
    """The layer of reports is for training, export and benchmarks: nothing of the device imports it."""
    report = "lpr_edge.contract.report"
    assert [
        name
        for name, found in all_imports(repository, "lpr_edge")
        if is_inside(found, report) and not is_inside(name, report)
    ] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_pages_come_from_one_template(repository: Path, package: str) -> None:
    """No module has a page's markup in it: reports share a template and a style, and applications have files."""
    assert [name for name, text in modules_of(repository, package) if re.search(r"<!doctype|<html", text, re.I)] == []


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


KINDS = {one for model_type in MODEL_TYPES.values() for one in (model_type.kind, model_type.name)}


@pytest.mark.parametrize("package", PACKAGES)
def test_model_kinds_are_compared_in_one_table(repository: Path, package: str) -> None:
    """No code compares a network's kind with a text: the table of model types has what differs."""
    compared = [
        f"{name}, line {node.lineno}: {ast.unparse(node)}"
        for name, text in modules_of(repository, package)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Compare)
        and any(isinstance(side, ast.Constant) and side.value in KINDS for side in (node.left, *node.comparators))
    ]
    assert compared == []
