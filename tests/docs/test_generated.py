import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.docs.conftest import PAGES
from tools.docs.__main__ import main, pages
from tools.docs.figures import BLOCKS, MARKED, filled
from tools.docs.own_data import DEMO, DRAWN, EXAMPLE, labels_picture, run_demo
from tools.docs.results import shipped_hashes

from lpr_bench.report.summaries import FOLDER, OF_PICTURES
from lpr_edge.contract.data.plate_photos import load_plates
from lpr_train.app.cli import main as lpr_train


@pytest.fixture(scope="module")
def wanted() -> dict[Path, str]:
    """Each page as `make docs` would write it."""
    return pages()


def test_pages_are_up_to_date(page: Path, wanted: dict[Path, str]) -> None:
    """What a page takes from parsers, schemas and result files is what these hold now: else run `make docs`."""
    assert page.read_text(encoding="utf-8") == wanted[page]


def test_check_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` returns 0 where all pages are up to date, and prints nothing."""
    assert main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_a_changed_figure_is_made_again(repository: Path) -> None:
    """A figure that somebody edits in a block is replaced; text around it stays."""
    page = "Before\n<!-- figures: expect -->\n| 100 % |\n<!-- end figures -->\nAfter\n"
    made = filled(page, repository)
    assert "100 %" not in made
    assert made.startswith("Before\n<!-- figures: expect -->\n| what |")
    assert made.endswith("<!-- end figures -->\nAfter\n")


def test_an_unknown_block_is_refused(repository: Path) -> None:
    """A block's name that nothing makes is an error with the known names."""
    with pytest.raises(ValueError, match="'invented': known are expect, "):
        filled("<!-- figures: invented -->\n<!-- end figures -->", repository)


def test_every_block_is_shown() -> None:
    """No block is made for nothing."""
    named = {name for page in PAGES for _, name, _, _ in MARKED.findall(page.read_text(encoding="utf-8"))}
    assert named == set(BLOCKS)


@pytest.mark.parametrize("name", ["plates", "characters", "painted"])
def test_figures_are_of_the_shipped_models(repository: Path, name: str) -> None:
    """A result that the pages quote was measured with the very files that lpr ships."""
    result = json.loads((repository / FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    shipped = shipped_hashes(repository)
    assert {model["file"]: model["sha256"] for model in result["models"]}.items() <= shipped.items()


def test_results_name_no_picture(repository: Path) -> None:
    """Published results hold neither pictures' names nor plates' texts."""
    for path in (repository / FOLDER).glob("*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        assert not set(OF_PICTURES) & set(result)
        assert not set(OF_PICTURES) & set(result.get("crops", ()))
        assert ".jpg" not in path.read_text(encoding="utf-8")


def test_the_example_of_labels_is_right(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The documentation's data folder can be loaded, and `lpr-train check` finds no fault in it."""
    photo = load_plates(repository / EXAMPLE)[0]
    assert [plate.rows for plate in photo.plates] == [("ना०८च", "५२७९"), ("स६ख८७२६",)]
    assert lpr_train(["check", "--data", str(repository / EXAMPLE), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_the_drawing_shows_the_labels(repository: Path) -> None:
    """The drawn example is what the labels give now."""
    drawn = cv2.imread(str(repository / DRAWN))
    wanted = cv2.imdecode(np.frombuffer(labels_picture(repository), np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    assert np.abs(drawn.astype(int) - wanted).mean() < 1
    assert (repository / DRAWN).stat().st_size < 300_000


def test_every_picture_of_a_page_has_a_text(page: Path) -> None:
    """Each picture has a text that says what it shows, for those who don't see it."""
    texts = re.findall(r"!\[(.*?)\]\(", page.read_text(encoding="utf-8"))
    assert all(len(text) > 20 for text in texts)


def test_the_demo_reads_what_the_pages_show(repository: Path) -> None:
    """The shipped models read the plates of the demo's clip as the pages show them."""
    shown = [json.loads(line) for line in (repository / DEMO).read_text(encoding="utf-8").splitlines()]
    read = [json.loads(line) for line in run_demo().splitlines()]
    keys = ("text", "rows", "fields", "truth", "right")
    assert [[one[key] for key in keys] for one in read] == [[one[key] for key in keys] for one in shown]
