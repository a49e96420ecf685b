"""`lpr-train fine-tune` as it is typed."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.splits import SeenPictures, read_seen, vehicle_numbers
from lpr_train.app.cli import main
from lpr_train.base.task import LEARNT_OTHERS, OTHERS, Measured
from lpr_train.data.photo_folders import load_training
from lpr_train.data.photos import Photo
from lpr_train.data.sampling_weights import balanced
from lpr_train.fine_tune.comparison import compare, what_is_worse
from lpr_train.fine_tune.fine_tune import RESULT, FineTuned
from lpr_train.fine_tune.starting_run import starting_run
from lpr_train.tasks.characters.rendered import RenderedCharacters
from lpr_train.tasks.reader.config import ReaderConfig


def write_photos(folder: Path, numbers: list[str], seed: int) -> str:
    """A photograph of noise for each number."""
    images = folder / "plates" / "images"
    images.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = []
    for place, number in enumerate(numbers):
        cv2.imwrite(str(images / f"{place}.png"), rng.integers(0, 255, (60, 90, 3), np.uint8))
        quad = [[10, 10], [70, 10], [70, 40], [10, 40]]
        plate = {"quad": quad, "rows": ["बा१प", number], "legible": "full", "kind": "devanagari"}
        lines.append(json.dumps({"image": f"{place}.png", "split": "train", "plates": [plate]}))
    (images.parent / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return str(folder)


DIGITS = "०१२३४५६७८९"


def numbers_of(photos: list[Photo]) -> set[str]:
    return {number for photo in photos for number in vehicle_numbers(photo.labels)}


def test_other_photographs_never_show_a_held_out_vehicle(tmp_path: Path) -> None:
    """Of --also, vehicles that the user's data holds out are left out; nothing of it is held out unless asked for."""
    own = write_photos(tmp_path / "own", [4 * digit for digit in DIGITS], seed=1)
    also = write_photos(tmp_path / "also", [*(4 * digit for digit in DIGITS), "१२३४", "५६७८"], seed=2)
    parts = load_training(ReaderConfig(data=own, also=also, holdout=0.3, seed=1))
    assert len(parts.held_out) == 3
    assert not any(photo.is_other for photo in parts.held_out)
    assert numbers_of(parts.held_out).isdisjoint(numbers_of(parts.training))
    assert sorted(photo.is_other for photo in parts.training) == [False] * 7 + [True] * 9
    assert parts.others == []


def test_a_part_of_the_others_shows_what_is_forgotten(tmp_path: Path) -> None:
    """Vehicles of --also that nobody trained on are held out; the run trains on none of them."""
    own = write_photos(tmp_path / "own", [4 * digit for digit in DIGITS], seed=1)
    also = write_photos(tmp_path / "also", [f"{a}{b}०१" for a in DIGITS for b in DIGITS[:5]], seed=2)
    parts = load_training(ReaderConfig(data=own, also=also, also_holdout=0.3, holdout=0.3, seed=1))
    assert (parts.others_are, len(parts.others)) == (OTHERS, 15)
    assert all(photo.is_other for photo in parts.others)
    assert numbers_of(parts.others).isdisjoint(numbers_of(parts.training))
    assert sum(photo.is_other for photo in parts.training) == 35


def test_others_that_the_old_network_knows_stay_in_training(tmp_path: Path) -> None:
    """It would lose on them however well the new one reads, so both train on them, and both are compared on them."""
    own = write_photos(tmp_path / "own", [4 * digit for digit in DIGITS], seed=1)
    also = write_photos(tmp_path / "also", [f"{a}{b}०१" for a in DIGITS for b in DIGITS[:5]], seed=2)
    digests = {path: file_sha256(path) for path in sorted((tmp_path / "also").rglob("*.png"))}
    init = tmp_path / "init"
    init.mkdir()
    (init / "seen.json").write_text(SeenPictures.of(list(digests.values())[:45]).to_json(), encoding="utf-8")
    parts = load_training(ReaderConfig(data=own, also=also, also_holdout=0.3, init=str(init), holdout=0.3, seed=1))
    assert (parts.others_are, len(parts.others)) == (LEARNT_OTHERS, 45)
    assert sum(photo.is_other for photo in parts.training) == 50
    assert {digests[photo.path] for photo in parts.others} == set(list(digests.values())[:45])


def test_own_photographs_are_not_outnumbered() -> None:
    """Few photographs beside many are repeated, up to a limit; many beside few are not."""
    assert balanced("ab" + "xxxx", [False, False, *[True] * 4]) == list("aabb" + "xxxx")
    assert balanced("abcd" + "x", [False] * 4 + [True]) == list("abcdx")
    assert balanced("a" + 100 * "x", [False] + [True] * 100).count("a") == 8
    assert balanced("xx", [True, True]) == ["x", "x"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "nowhere"], "--from nowhere holds no network"),
        (["--resume"], "config.toml can't be read"),
        ([], "plates"),
    ],
)
def test_a_user_s_mistake_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Exit 1, one line, nothing written."""
    out = tmp_path / "out"
    assert main(["fine-tune", "reader", "--data", str(tmp_path), "--out", str(out), *arguments]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_worse_network_ends_the_command_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is printed, then one line on stderr says what fell; no export is proposed. A kept one: exit 0."""
    data, out = write_photos(tmp_path / "data", [4 * digit for digit in DIGITS], seed=1), str(tmp_path / "out")
    before, after = ([Measured(OTHERS, "exact", value, 40)] for value in (0.8, 0.7))
    changes = compare(before, after)
    for worse, status in ((what_is_worse(changes, 1.0), 1), ([], 0)):
        result = FineTuned(changes, worse, 1.0, 2.0, False)
        monkeypatch.setattr("lpr_train.fine_tune.fine_tune.fine_tune", lambda *_, result=result: result)
        assert main(["fine-tune", "reader", "--data", data, "--out", out]) == status
        printed = capsys.readouterr()
        assert "held-out photographs of --also  exact" in printed.out
        assert ("Next: lpr-export --int8" in printed.out) == (not worse)
        assert ("exact on held-out photographs of --also fell from 80.0% to 70.0%" in printed.err) == bool(worse)
        assert (f"stays, and {out} holds no new network" in printed.err) == bool(worse)


@pytest.mark.parametrize("share", ["0", "-0.1", "1.1", "nan", "half"])
def test_a_held_out_share_is_a_fraction(share: str, tmp_path: Path) -> None:
    """Anything else is wrong usage; 1 is possible, for votes alone."""
    with pytest.raises(SystemExit) as stopped:
        main(["fine-tune", "reader", "--data", "x", "--out", str(tmp_path), "--holdout", share])
    assert stopped.value.code == 2


def test_votes_alone_are_trained_on(tmp_path: Path) -> None:
    """With all that a person labelled held out, the votes of other vehicles are the training photographs."""
    own = Path(write_photos(tmp_path / "own", [4 * digit for digit in DIGITS], seed=1))
    labels = own / "plates" / "labels.jsonl"
    lines = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines()]
    for line in lines[6:]:
        line["plates"][0]["label"] = "vote"
    labels.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    parts = load_training(ReaderConfig(data=str(own), holdout=1.0, seed=1), with_crops=True)
    assert numbers_of(parts.held_out) == {4 * digit for digit in DIGITS[:6]}
    assert numbers_of(parts.training) == {4 * digit for digit in DIGITS[6:]}


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_limit_is_a_number_of_minutes(minutes: str, tmp_path: Path) -> None:
    """Anything else is wrong usage."""
    with pytest.raises(SystemExit) as stopped:
        main(["fine-tune", "reader", "--data", "x", "--out", str(tmp_path), "--minutes", minutes])
    assert stopped.value.code == 2


@pytest.mark.slow
def test_the_shipped_classifier_is_fine_tuned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One epoch from the shipped network on rendered crops: a table, and a network exactly if nothing got worse."""
    country = load_country()
    labels = {label: name for name, label in country.characters.items()}
    rendered = RenderedCharacters(country, [], 0.5, 1, tuple(labels))
    pictures, drawn = rendered.characters(1, 30 * len(labels))
    for number, (picture, label) in enumerate(zip(pictures, drawn, strict=True)):
        path = tmp_path / "data" / "characters" / labels[label] / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture)
    out = tmp_path / "run"
    arguments = ["fine-tune", "characters", "--data", str(tmp_path / "data"), "--out", str(out), "--minutes", "0.01"]
    status = main(arguments)
    captured = capsys.readouterr()
    result = json.loads((out / RESULT).read_text(encoding="utf-8"))
    assert status == (1 if result["worse"] else 0)
    assert (out / "model.keras").exists() == (status == 0)
    assert ("Next: lpr-export" in captured.out) == (status == 0)
    assert "your held-out photographs  accuracy" in captured.out
    assert "lpr-train: advice: No real example of" in captured.err
    assert {change["pictures"] for change in result["changes"]} == {"held-out", "rendered", "test"}
    if status == 0:
        crops = {file_sha256(path) for path in (tmp_path / "data").rglob("*.png")}
        seen = read_seen(out)
        assert 0 < sum(seen.has(digest) for digest in crops) < len(crops)
        assert seen.hashes > read_seen(starting_run("characters", None)).hashes
    assert main([*arguments, "--resume"]) == status
