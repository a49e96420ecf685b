"""What a network's weights have learnt proves nothing of it, whoever held it out."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from tests.support.crops_on_disk import noise
from tests.support.little_runs import HELD_OUT, draw_samples, write_card

from lpr_edge.contract.data.splits import SeenPictures
from lpr_edge.contract.run.folder import SEEN
from lpr_edge.contract.run.samples import write_samples
from lpr_export.app.export import _pictures
from lpr_export.base.errors import ExportError
from lpr_export.base.options import ExportOptions
from lpr_export.base.run_folder import Run, open_run
from lpr_export.evaluate.held_out import held_out_of_data, held_out_of_run


def file_hashes(count: int) -> tuple[str, ...]:
    return tuple(f"{number << 128:064x}" for number in range(count))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A classifier's run folder, without the network, with sixty held-out pictures of as many files."""
    folder = tmp_path / "characters"
    folder.mkdir()
    (folder / "model.keras").touch()
    write_card(folder, "characters")
    write_samples(folder / "representative.npz", draw_samples("characters", 48, seed=1))
    write_samples(
        folder / "heldout.npz", replace(draw_samples("characters", HELD_OUT, seed=2), sha256=file_hashes(HELD_OUT))
    )
    return open_run(folder)


def learn(run: Run, count: int) -> None:
    (run.folder / SEEN).write_text(SeenPictures.of(file_hashes(count)).to_json(), encoding="utf-8")


def options(folder: Path) -> ExportOptions:
    return ExportOptions(("int8",), folder, None, 0.5, 1)


def test_pictures_learnt_before_are_left_out(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that began from weights which had learnt some of its held-out pictures is proved on the others."""
    everything = held_out_of_run(run)
    learn(run, 7)
    held_out = held_out_of_run(run)
    assert (len(held_out.cases), held_out.learnt) == (HELD_OUT - 7, 7)
    assert [case.truth for case in held_out.cases] == [case.truth for case in everything.cases[7:]]
    _, (measured,), caveats = _pictures(run, options(tmp_path))
    assert (len(measured.cases), caveats) == (HELD_OUT - 7, ())
    assert "7 held out pictures of rendered were learnt by its weights: they are left out" in capsys.readouterr().err
    learn(run, 11)
    with pytest.raises(ExportError, match="has 49 different held-out pictures"):
        _pictures(run, options(tmp_path))
    learn(run, HELD_OUT)
    with pytest.raises(ExportError, match=r"were trained on every held-out picture of "):
        held_out_of_run(run)


def test_unknown_beginnings_are_a_caveat(run: Run, tmp_path: Path) -> None:
    """Where nothing tells what the starting weights have learnt, the files say so."""
    write_card(run.folder, "characters", training={"seed": 7, "init": "somewhere"})
    _, _, caveats = _pictures(open_run(run.folder), options(tmp_path))
    assert len(caveats) == 1
    assert "may have learnt the pictures that it is proved on" in caveats[0]


@pytest.mark.parametrize("name", ["characters", "detector"])
def test_a_test_split_that_was_learnt(run: Run, tmp_path: Path, name: str) -> None:
    """Pictures of --data that the weights have learnt are left out, of crops and of photographs."""
    write_card(run.folder, name)
    card = open_run(run.folder).card
    labels = []
    for number in range(6):
        path = tmp_path / "plates" / "images" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), noise(number, (60, 90)))
        plate = {"quad": [[10, 10], [70, 10], [70, 40], [10, 40]], "rows": ["A1"], "legible": "full"}
        labels.append(json.dumps({"image": path.name, "split": "test", "plates": [plate]}))
    (tmp_path / "plates" / "labels.jsonl").write_text("\n".join(labels), encoding="utf-8")
    for folder in card.country["characters"]:
        for number in range(10):
            path = tmp_path / "data" / "characters" / folder / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), noise(100 + number + len(folder) * ord(folder[0])))
    data = tmp_path / "data" if name == "characters" else tmp_path
    whole = held_out_of_data(card, data)
    learnt = sorted(whole.sha256)[:2]
    left = held_out_of_data(card, data, SeenPictures.of(learnt))
    assert (whole.learnt, left.learnt) == (0, 2)
    assert len(left.cases) == len(whole.cases) - 2
    assert left.sha256 == whole.sha256 - set(learnt)
