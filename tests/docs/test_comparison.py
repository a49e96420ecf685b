"""The table that compares lpr with other systems: what it says of lpr can be typed."""

import re
from pathlib import Path

import pytest
from tests.docs.test_commands import CODE, parser_for
from tests.support.command_lines import commands_in
from tools.docs.parsers import split_command

from lpr_train.app.cli import main as lpr_train

WITHOUT = {"what it is", "vehicles' make, model and colour"}
"""Rows in which lpr does nothing that could be typed."""
OTHERS = ("pip install ", "podman build ", "sudo apt install ")
"""Beginnings of other programs' commands, which install lpr."""


@pytest.fixture
def cells(repository: Path) -> dict[str, str]:
    """What each row says of lpr, by the row's name."""
    lines = (repository / "docs/comparison.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: row[-1] for row in rows[1:]}


def test_each_row_has_a_command(cells: dict[str, str]) -> None:
    """Each row that says lpr can do something has the command that does it."""
    assert len(cells) > len(WITHOUT)
    for name, cell in cells.items():
        codes = [code for code in CODE.findall(cell) if re.match(r"lpr-[a-z]+ ", code) or code.startswith(OTHERS)]
        assert bool(codes) is (name not in WITHOUT), name


def test_each_command_of_the_table_is_whole(cells: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """The parsers take each command of the table as it stands: flags, values and arguments."""
    for cell in cells.values():
        for words in commands_in(cell):
            try:
                parser_for(words).parse_args(split_command(words)[1])
            except SystemExit:
                pytest.fail(f"{' '.join(words)}: {capsys.readouterr().err}")


def test_each_number_has_its_source(repository: Path) -> None:
    """Each number in the table is that of a source below it, and each source is used."""
    table, sources = (repository / "docs/comparison.md").read_text(encoding="utf-8").split("Sources:")
    used = {int(number) for number in re.findall(r"\((\d+)\)", table)}
    assert used == {int(number) for number in re.findall(r"^(\d+)\. ", sources, re.MULTILINE)}


def test_new_countrys_command_runs(cells: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that begins a country of one's own has all that it asks for, which no parser can tell."""
    (words,) = [words for cell in cells.values() for words in commands_in(cell) if "new-country" in words]
    monkeypatch.chdir(tmp_path)
    assert lpr_train(words[1:]) == 0
    assert (tmp_path / "mine.toml").exists()
