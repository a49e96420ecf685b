"""The package of docs/extending.md, installed outside of the repository."""

import shutil
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.docs.extending import PACKAGE
from tools.docs.parsers import parser_of

from lpr_edge.config.extensions import RUNTIMES, SINKS
from lpr_edge.contract.countries import COUNTRIES


def install_example(repository: Path, target: Path) -> Path:
    """Lay out the page's files as `pip install --target` does: the module, and metadata with its entry points."""
    source = repository / PACKAGE
    shutil.copytree(source / "lpr_example", target / "lpr_example", ignore=shutil.ignore_patterns("__pycache__"))
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = target / f"lpr_example-{project['version']}.dist-info"
    metadata.mkdir()
    header = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (metadata / "METADATA").write_text(header, encoding="utf-8")
    groups = (
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    )
    (metadata / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")
    return target


@contextmanager
def imported_from(folder: Path) -> Iterator[None]:
    """Let this process find the packages in a folder, and look their entry points up anew."""
    sys.path.insert(0, str(folder))
    _forget()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "lpr_example"]:
            del sys.modules[name]
        _forget()


def _forget() -> None:
    for registry in (SINKS, RUNTIMES, COUNTRIES):
        registry.__dict__.pop("installed", None)
    parser_of.cache_clear()
