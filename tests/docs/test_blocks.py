import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from tests.docs.conftest import PAGES
from tools.docs.figures import without_blocks
from tools.docs.own_data import EXAMPLE

from lpr_edge.config.extensions import RUNTIMES, SINKS
from lpr_edge.config.loading import load_config
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.countries import COUNTRIES, load_country
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.data.plate_photos import load_plates, photo_from_line
from lpr_edge.contract.records import event_schema
from lpr_edge.runtimes.shipped_models import MODELS
from lpr_edge.text.grammar import Grammar
from lpr_edge.watchlist.watch_list import read_list
from lpr_train.base.config import read_config
from lpr_train.tasks.registry import TASKS, task_classes

FENCED = re.compile(r"^```([a-z]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LANGUAGES = {"sh", "python", "toml", "json", "csv", "yaml", "text"}
"""What blocks are of; `text` holds drawings, `yaml` what Home Assistant reads."""
DEMO = {"truth", "right"}
"""What the demo adds to an event."""
RECORDS = (
    {"source", "frame", "plates", "ms"},
    {"source", "text", "rows", "latin", "valid", "fields", "confidence", "quad"},
    {"source", "label", "confidence"},
)
"""Fields of a picture's, a crop's and a character's record."""


def blocks(language: str) -> Iterator[tuple[Path, str]]:
    """Each block of a language, with its page."""
    for page in PAGES:
        for found, text in FENCED.findall(page.read_text(encoding="utf-8")):
            if found == language:
                yield page, text


def named(language: str) -> list[object]:
    """The blocks as a test's parameters."""
    return [pytest.param(page, text, id=f"{page.stem}-{n}") for n, (page, text) in enumerate(blocks(language))]


def test_every_block_says_its_language(page: Path) -> None:
    """A block without a language, or of one that no test reads, would be read by nobody."""
    assert {language for language, _ in FENCED.findall(page.read_text(encoding="utf-8"))} <= LANGUAGES


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A folder with what the Python blocks read: a rendered photograph, a crop, a character, a clip, a model."""
    import cv2

    from lpr_edge.app.demo import FOLDER

    folder = tmp_path_factory.mktemp("workplace")
    photo = load_plates(repository / EXAMPLE)[0]
    picture = read_picture(photo.path)
    cv2.imwrite(str(folder / "photo.jpg"), picture)
    left, top, width, height = cv2.boundingRect(photo.plates[0].quad_xy)
    cv2.imwrite(str(folder / "crop.jpg"), picture[top : top + height, left : left + width])
    cv2.imwrite(str(folder / "character.jpg"), picture[top : top + height // 2, left : left + width // 3])
    (folder / "clip.mp4").symlink_to(FOLDER / "clip.mp4")
    (folder / "reader.int8.tflite").symlink_to(MODELS / "reader.int8.tflite")
    return folder


@pytest.mark.parametrize(("page", "text"), named("python"))
def test_python_runs(page: Path, text: str, workplace: Path) -> None:
    """A page's Python runs as it stands, on a rendered photograph, crop and clip."""
    (workplace / "block.py").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "block.py"], cwd=workplace, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{page.name}: {done.stderr}"
    if "print(" in text:
        assert done.stdout


@pytest.mark.parametrize(("page", "text"), named("toml"))
def test_settings_are_taken(page: Path, text: str, tmp_path: Path) -> None:
    """A page's TOML is taken as the settings of a device, of a training, a country's file, or parts of the page's."""
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    task = text.split("\n", 1)[0].removeprefix("# ")
    if task in TASKS:
        assert read_config(path, task_classes(task)[0], {}).data
    elif "[project]" in text:
        assert tomllib.loads(text)["project"]["entry-points"].keys() == {SINKS.group, RUNTIMES.group, COUNTRIES.group}
    elif "[[layouts]]" in text:
        assert Grammar(load_country(path)).country.layouts
    elif "[[forms]]" in text:
        first = next(block for other, block in blocks("toml") if other == page and "[[layouts]]" in block)
        assert Grammar(country_from_dict(tomllib.loads(first) | tomllib.loads(text))).country.layouts
    else:
        assert load_config(path, {}).has_source


@pytest.mark.parametrize(("page", "text"), named("json"))
def test_records_are_as_the_schema_says(page: Path, text: str) -> None:
    """A page's JSON is the schema, an event by it, a photograph's label, or has another record's fields."""
    value = json.loads(text)
    if "$schema" in value:
        assert value == event_schema()
    elif "event" in value:
        jsonschema.validate(value, event_schema())
        assert value.keys() - DEMO <= event_schema()["properties"].keys()
    elif "image" in value:
        assert photo_from_line(json.dumps(value), 1, page).plates
    else:
        assert value.keys() in RECORDS


@pytest.mark.parametrize(("page", "text"), named("csv"))
def test_watch_lists_are_taken(page: Path, text: str, tmp_path: Path) -> None:
    """A page's CSV is a watch list that lpr takes."""
    path = tmp_path / "gate.csv"
    path.write_text(text, encoding="utf-8")
    assert read_list(path, Grammar(load_country("nepal"))).count > 0


FIGURE = re.compile(r"\b\d+\.\d+ ?%|\b\d+ of \d+\b|\b\d+\.\d+ (?:ms|s)\b|\b\d+ ms\b|\b\d+(?:\.\d+)? times as fast")
"""Measured values; whole per cents, seconds and days are settings."""


def test_figures_stand_in_blocks_alone(page: Path) -> None:
    """Text outside of the blocks that result files fill names no measured figure."""
    prose = FENCED.sub("", without_blocks(page.read_text(encoding="utf-8")))
    assert FIGURE.findall(prose) == [] if page.name != "cli.md" else True


def test_readme_is_short(repository: Path) -> None:
    """README has at most 150 lines: what is longer is a page of docs/."""
    assert len((repository / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
