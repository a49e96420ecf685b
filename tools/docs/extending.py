"""The files of the package that docs/extending.md builds, as blocks of the page."""

from pathlib import Path

PACKAGE = Path("docs/examples/extending")
FILES = {
    "extension-project": "pyproject.toml",
    "extension-paths": "lpr_example/__init__.py",
    "extension-sink": "lpr_example/tally.py",
    "extension-runtime": "lpr_example/dummy.py",
    "extension-country": "lpr_example/latinia.toml",
}
"""Name of a block -> the file that it shows."""


def file_block(name: str, repository: Path) -> str:
    """A file in a fence of its language."""
    path = repository / PACKAGE / FILES[name]
    language = {".py": "python", ".toml": "toml"}[path.suffix]
    return f"```{language}\n{path.read_text(encoding='utf-8').strip()}\n```"
