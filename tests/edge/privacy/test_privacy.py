"""No plate where none is wanted."""

import json
import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.edge.app.test_edge_cli import Run, models, pictures, run, write_clip
from tests.support.deliveries import receiving
from tests.support.golden.tinyland import Scene
from tests.support.readings import GRAMMAR, frame

from lpr_edge.app.cli import main
from lpr_edge.contract.base.errors import LprError
from lpr_edge.privacy.blur import PlateBlurrer, hide
from lpr_edge.privacy.hashing_sink import PlateHasher
from lpr_edge.privacy.key import load_key
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.plates import FoundPlate

__all__ = ["models", "pictures", "run"]

TEXTS = ("A104", "L77")


def test_no_plate_anywhere_with_hash_plates(
    run: Run, models: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every sink, saved pictures, a list, a program and --verbose: no plate on stdout, in any file, or a log."""
    monkeypatch.setattr("lpr_edge.watchlist.run_command.CLOSE_S", 20.0)  # the machine may have other things to do
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    out = tmp_path / "out"
    out.mkdir()
    clip = write_clip(tmp_path / "clip.avi", TEXTS)
    (tmp_path / "gate.csv").write_text("plate,name,action\nA 104,Ram,open\n")
    script = tmp_path / "note.sh"
    script.write_text(f'#!/bin/sh\necho "$@" > {out}/note\nenv | grep MATCH_ >> {out}/note\n')
    script.chmod(0o700)
    with receiving() as receiver:
        status, records, err = run(
            *("--source", str(clip), *models, "--hash-plates", "--verbose"),
            *("--store", str(out / "log.db"), "--jsonl", str(out / "p.jsonl"), "--csv", str(out / "p.csv")),
            *("--snapshots", str(out / "shots"), "--save-images", str(out / "images"), "--webhook", receiver.url),
            *("--list", str(tmp_path / "gate.csv"), "--on-match", str(script)),
        )
    assert (status, len(records), [r["matched"] and r["matched"]["name"] for r in records]) == (0, 2, ["Ram", None])
    everything = [json.dumps(records), err, json.dumps(receiver.posts)]
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) >= 8
    assert out / "note" in files
    everything += [str(path) for path in files] + [path.read_bytes().decode("latin-1") for path in files]
    assert [
        text[:80] for text in everything for plate in TEXTS if plate in text or f"{plate[0]} {plate[1:]}" in text
    ] == []
    with closing(sqlite3.connect(out / "log.db")) as connection:
        rows = connection.execute("SELECT record FROM events").fetchall()
    assert [json.loads(row[0]) for row in rows] == records


def test_the_same_plate_has_the_same_hash_under_one_key(
    run: Run, models: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Visits can be counted without knowing plates: runs of one key agree, another key gives other hashes."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    clip = write_clip(tmp_path / "clip.avi", TEXTS)
    flags = ["--source", str(clip), *models, "--hash-plates"]
    (first, second) = ([record["text"] for record in run(*flags)[1]] for _ in range(2))
    other = [record["text"] for record in run(*flags, "--hash-key", str(tmp_path / "other.key"))[1]]
    assert first == second
    assert len({*first, *other}) == 4
    assert all(len(text) == 33 and text.startswith("#") for text in first)
    assert stat.S_IMODE((tmp_path / "state" / "lpr" / "hash.key").stat().st_mode) == 0o600


def test_pictures_are_hashed_too(run: Run, models: list[str], pictures: Path, tmp_path: Path) -> None:
    """Records of single pictures show hashes as well, and what was drawn carries no text."""
    status, records, _ = run("--source", str(pictures), *models, "--hash-plates", "--hash-key", str(tmp_path / "k"))
    assert status == 0
    assert [plate["text"][0] for record in records for plate in record["plates"]] == ["#"] * 3
    assert [plate["fields"] for record in records for plate in record["plates"]] == [{}] * 3


def test_a_list_of_hashes_does_what_the_list_does(
    run: Run, models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--hash-list` prints a list that shows no plate, and that a device with the same key matches as before."""
    key = ["--hash-plates", "--hash-key", str(tmp_path / "k")]
    (tmp_path / "gate.csv").write_text('plate,name,action\nA 104,"Thapa, Ram",open\n')
    assert main(["--hash-list", str(tmp_path / "gate.csv"), *models, *key]) == 0
    hashed = capsys.readouterr().out
    assert "104" not in hashed.replace(hashed.split("#")[1][:32], "")
    (tmp_path / "hashed.csv").write_text(hashed)
    clip = write_clip(tmp_path / "clip.avi", TEXTS)
    _, records, _ = run("--source", str(clip), *models, *key, "--list", str(tmp_path / "hashed.csv"))
    assert [record["matched"] and record["matched"]["name"] for record in records] == ["Thapa, Ram", None]
    assert records[0]["matched"]["plate"] == records[0]["text"]
    with pytest.raises(SystemExit):
        main(["--hash-list", str(tmp_path / "gate.csv"), *models])
    assert "--hash-list needs --hash-plates" in capsys.readouterr().err


def test_demo_has_no_hashes(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The demo shows its plates beside the truth, so hashing them is wrong usage."""
    with pytest.raises(SystemExit) as caught:
        run("--demo", "--hash-plates")
    assert caught.value.code == 2
    assert "--demo shows what its plates are: leave out --hash-plates" in capsys.readouterr().err


def test_what_a_record_may_say_is_listed() -> None:
    """A field that nobody has thought of yet is left out of hashed records: it might show the plate."""
    from lpr_edge.delivery.sink import Layer
    from lpr_edge.privacy.hashing_sink import HashingSink

    hidden = HashingSink(Layer.__new__(Layer), PlateHasher(b"k", GRAMMAR)).hide(
        {"text": "A10", "truth": "A10", "id": "1"}
    )
    assert "truth" not in hidden
    assert "A10" not in json.dumps(hidden)


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        ("ab" * 32, 0o644, r"may be read by others: chmod 600 "),
        ("ab" * 31, 0o600, r"holds no key: expected 64 hexadecimal digits"),
        ("", 0o600, r"holds no key"),
        ("é" * 64, 0o600, r"holds no key"),
    ],
)
def test_keys_that_cannot_be_used_are_told(tmp_path: Path, content: str, mode: int, message: str) -> None:
    """A key that others can read, or that is none, is refused rather than used."""
    path = tmp_path / "k"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(LprError, match=message):
        load_key(path)


def test_key_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where no file can be, one line says so."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LprError, match=r"can't be read or made: (File exists|Not a directory)\. Give --hash-key FILE"):
        load_key(tmp_path / "file" / "k")


def test_a_made_key_is_read_again(tmp_path: Path) -> None:
    """The key that was made is the key from then on, and only its owner can read it, whatever the umask."""
    before = os.umask(0)
    try:
        key = load_key(tmp_path / "a" / "k")
    finally:
        os.umask(before)
    assert (load_key(tmp_path / "a" / "k"), len(key)) == (key, 32)
    assert stat.S_IMODE((tmp_path / "a" / "k").stat().st_mode) == 0o600


def test_blurred_plates_cannot_be_found_or_read(plate_reader: PlatePipeline, scenes: tuple[Scene, ...]) -> None:
    """In a blurred picture the reader finds none of the plates' texts; the rest of the picture is as it was."""
    for scene in scenes:
        seen = plate_reader.read(scene.image_bgr)
        blurred = hide(scene.image_bgr, [plate.quad_xy for plate in seen.seen])
        texts = {plate.reading.text for plate in seen.plates}
        again = {plate.reading.text for plate in plate_reader.read(blurred).plates}
        assert not texts & again
        assert (blurred != scene.image_bgr).any(axis=2).mean() < 0.5


def test_snapshots_are_blurred(run: Run, models: list[str], tmp_path: Path, plate_reader: PlatePipeline) -> None:
    """With --blur a snapshot shows the street without its plate, and there is no picture of the plate."""
    clip = write_clip(tmp_path / "clip.avi", TEXTS)
    flags = ["--snapshots", str(tmp_path / "shots"), "--store", str(tmp_path / "log.db"), "--blur"]
    _, records, _ = run("--source", str(clip), *models, *flags)
    assert [record["text"] for record in records] == list(TEXTS)
    names = sorted(path.name for path in (tmp_path / "shots").iterdir())
    assert names == sorted(f"{record['id']}.jpg" for record in records)
    for record in records:
        shot = cv2.imread(str(tmp_path / "shots" / f"{record['id']}.jpg"))
        read = plate_reader.read(np.asarray(shot, np.uint8))
        assert record["text"] not in [plate.reading.text for plate in read.plates]


def test_veil_lasts_a_second_and_covers_what_is_left_out() -> None:
    """A place stays hidden for a second after the detector lost it; plates at the edge, or outside, do no harm."""
    noise = np.random.default_rng(1).integers(0, 255, (120, 200, 3), np.uint8)
    quad = np.array([[-10, 100], [60, 100], [60, 140], [-10, 140]], np.float32)
    far = quad + 1000
    blurrer = PlateBlurrer()
    plates = [FoundPlate(q, 0.4, (1.0, 0.0, 0.0, 0.0)) for q in (quad, far)]
    frames = [replace(frame(index), image_bgr=noise) for index in range(12)]
    first = blurrer.over(frames[0], plates)
    later = [blurrer.over(item, []) for item in frames[1:]]
    assert len(np.unique(first.image_bgr[102:118, :58].reshape(-1, 3), axis=0)) <= 9
    assert [np.array_equal(item.image_bgr, noise) for item in later] == [False] * 10 + [True]
    assert timedelta(seconds=1.1) == frames[-1].time - frames[0].time


def test_pictures_of_a_folder_hide_their_own_plates_alone() -> None:
    """What was found in one picture of a folder leaves the next as it is, however near their times."""
    noise = np.random.default_rng(1).integers(0, 255, (120, 200, 3), np.uint8)
    quad = np.array([[10, 10], [60, 10], [60, 40], [10, 40]], np.float32)
    blurrer = PlateBlurrer()
    first, second = (replace(frame(0), image_bgr=noise, source=name) for name in ("a.png", "b.png"))
    assert not np.array_equal(blurrer.over(first, [FoundPlate(quad, 0.4, (1.0, 0.0, 0.0, 0.0))]).image_bgr, noise)
    assert np.array_equal(blurrer.over(second, []).image_bgr, noise)


def test_saved_pictures_say_no_text_where_plates_are_blurred(
    run: Run, models: list[str], pictures: Path, tmp_path: Path
) -> None:
    """With --blur a saved picture has the plate's corners, but neither the plate nor what it says beside it."""
    plain, blurred = tmp_path / "plain", tmp_path / "blurred"
    run("--source", str(pictures / "a.png"), *models, "--save-images", str(plain))
    run("--source", str(pictures / "a.png"), *models, "--save-images", str(blurred), "--blur")
    original, shown, hidden = (cv2.imread(str(folder / "a.png")) for folder in (pictures, plain, blurred))
    changed = [int((np.asarray(picture) != original).any(axis=2).sum()) for picture in (shown, hidden)]
    (quad,) = (plate["quad"] for plate in run("--source", str(pictures / "a.png"), *models)[1][0]["plates"])
    above = slice(0, int(min(y for _, y in quad)) - 6)  # what is hidden is larger than the plate, and reaches into it
    captions = np.asarray(shown)[above][(np.asarray(shown)[above] != original[above]).any(axis=2)]
    colours, counts = np.unique(captions, axis=0, return_counts=True)
    assert all(changed)
    assert counts.max() > 100
    assert not (np.asarray(hidden)[above] == colours[counts.argmax()]).all(axis=2).any()
