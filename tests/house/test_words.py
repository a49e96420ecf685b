import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.house.words import find_words, main, without_code

PACKAGES = {
    "lpr_edge": "edge/lpr_edge",
    "lpr_export": "export/lpr_export",
    "lpr_train": "train/lpr_train",
    "lpr_bench": "benchmarks/lpr_bench",
    "lpr_fleet": "fleet/lpr_fleet",
    "lpr_batch": "batch/lpr_batch",
    "rivals": "benchmarks/rivals",
    "tools": "tools",
}
NUMBER = (
    r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|forty|fifty|a\ dozen|dozens"
    r"|a\ hundred|hundreds|thousands?)"
)
MORE = r"(?:as|more|less|fewer|faster|slower|larger|smaller|longer|shorter|better|worse|higher|lower)"
MEASURED = re.compile(
    rf"""
    \d\s?%(?!\s(?:(?:Wilson\ )?interval|confidence|by\ default|of\ the\ (?:width|height)))  # no level, no setting
  | \b{NUMBER}\ per\ cent\b(?!\ by\ default)
  | \b\d[\d.]*\ (?:of|in|out\ of)\ (?:the\ |its\ |a\ )?\d[\d.,]+  # 13 of 200
  | \bone\ in\ (?:a\ )?{NUMBER}\b                 # one in 10,000
  | \b{NUMBER}(?:\ ?-?fold\b|\s?(?:times|×)\ {MORE}\b)(?!\ wide)
  | \bby\ a\ factor\ of\ {NUMBER}\b
  | \b{MORE}\ by\ {NUMBER}\ ?(?:points|ms|s|seconds|MB|kB|pixels|times)\b
  | \b(?:seen|measured|found)\ (?:to\ \w+\ )?(?:by|in|on|up\ to)\ \d+(?![\d.])  # seen in 13 pictures, not in 4.11
  | \b(?:gained|lost|costs?|saves?|won|takes?|took|needs?)\ (?:about\ |around\ |some\ )?{NUMBER}
    \ ?(?:points|ms|s\b|seconds|MB|kB)
  | \b(?:accuracy|recall|precision|CER|exact\ match|IoU)\ (?:is|was|rises|rose|falls|fell|drops|dropped)
    \ (?:to\ |by\ |from\ )?\d
  | \b\d[\d.]*\ ?(?:ms|fps|points)\b(?!\ (?:a|per|of)\b)
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What reads like the result of a measurement, which goes stale: it belongs into benchmarks/results/."""
ALLOWED: dict[str, int] = {}
"""Package -> figures that it still has: lower the number with each that goes, and remove the line with the last."""


def comments_and_docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Comments, docstrings, and the texts below constants and fields, each with its line; wrapped lines joined."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, " ".join(node.value.value.split())


def figures_in(path: Path) -> list[str]:
    """What looks measured in a module's comments and docstrings."""
    return [
        f"{path.name}:{line}: {text[max(0, found.start() - 30) : found.end() + 20]}"
        for line, marked in comments_and_docstrings(path.read_text(encoding="utf-8"))
        for text in [without_code(marked)]
        for found in MEASURED.finditer(text)
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_measured_figure_in_docstrings(repository: Path, package: str) -> None:
    """Docstrings and comments give reasons; measured percentages and counts stand in result files."""
    found = [figure for path in sorted((repository / PACKAGES[package]).rglob("*.py")) for figure in figures_in(path)]
    assert len(found) <= ALLOWED.get(package, 0), "\n".join(found)
    assert package not in ALLOWED or found, f"remove {package} from ALLOWED"


def test_figures_are_recognized(tmp_path: Path) -> None:
    """A measured percentage, a count and a speed-up are found; levels, settings and versions are none."""
    module = tmp_path / "module.py"
    module.write_text(
        '''"""Differs on 13 of 200 pictures.

The share is 2.5 % of all.
"""

WIDTH = 3  # seen in 13 pictures, seen in 4.11, 95 % interval, up to 2 % of the width
"""Takes 9.5 times as long; costs 3 ms."""
SPEED = 2  # three times faster, as `93 % (55 of 59)` shows, smaller by a factor of four
"""Recall rose to 0.93; takes about two seconds; a per cent by default."""
TEXT = "40 % of 12 of 13"
'''
    )
    found = " | ".join(figures_in(module))
    wanted = ["13 of 200", "2.5 %", "seen in 13", "9.5 times", "costs 3 ms", "three times faster", "factor of four"]
    wanted += ["Recall rose to 0.93", "takes about two seconds"]
    assert [text for text in wanted if text not in found] == []
    assert len(figures_in(module)) == len(wanted)


def test_words_are_found_in_prose_alone(tmp_path: Path) -> None:
    """Docstrings, comments, messages and Markdown are searched; names, keys and code between backticks aren't."""
    module, page = tmp_path / "module.py", tmp_path / "page.md"
    module.write_text(
        '''"""Tells what `told` is."""
told = {"beside": 1}  # beside it
message = f"the {told} was judged twice"
'''
    )
    page.write_text("It tells.\n\n```\nbeside\n```\n`told`, [page](tell.md)\n")
    assert [(one.line, one.word) for one in find_words(module)] == [(1, "Tells"), (2, "beside"), (3, "judged")]
    assert [(one.line, one.word) for one in find_words(page)] == [(1, "tells")]


def test_words_that_hide_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    """No area has more of the words that hide meaning than `ALLOWED` says."""
    status = main([])
    assert (status, capsys.readouterr().out) == (0, "")
