"""Photographs as training examples: what moves the picture moves its corners too."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Quad
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.data.splits import HoldOut
from lpr_edge.contract.geometry import is_convex, quad_iou, rectify, signed_area
from lpr_train.data.photos import Photo, Scene, load_photos, mirror
from lpr_train.data.scene_views import ViewConfig, view

QUAD = np.array([[200, 150], [320, 160], [316, 220], [196, 210]], np.float32)


def scene_with_plate() -> Scene:
    """A grey picture with a plate whose own top-left quarter is red, the rest blue."""
    image = np.full((400, 600, 3), 90, np.uint8)
    plate = np.full((60, 120, 3), (200, 40, 40), np.uint8)
    plate[:30, :60] = (40, 40, 220)
    corners = np.array([[0, 0], [120, 0], [120, 60], [0, 60]], np.float32)
    warp = cv2.getPerspectiveTransform(corners, QUAD)
    cv2.warpPerspective(plate, warp, (600, 400), dst=image, borderMode=cv2.BORDER_TRANSPARENT)
    return Scene(image, (QUAD,))


def red_is_top_left(scene: Scene, quad: Quad) -> bool:
    """Whether the red quarter comes out top left of the rectified plate, and only there."""
    upright = rectify(scene.image_bgr, quad, (60, 120)).astype(int)
    red = upright[..., 2] - upright[..., 0]
    return bool(np.median(red[5:22, 8:50]) > 60 and np.median(red[38:55, 70:112]) < -60)


def test_mirroring_keeps_the_writing_readable() -> None:
    """The picture is mirrored, the plate's face is not, and the corners still start at its own top left."""
    mirrored = mirror(scene_with_plate())
    assert red_is_top_left(mirrored, mirrored.quads[0])
    assert abs(float(mirrored.quads[0][:, 0].mean()) - (600 - QUAD[:, 0].mean())) < 1
    assert signed_area(mirrored.quads[0]) > 0


@pytest.mark.parametrize("seed", range(12))
def test_views_move_picture_and_corners_together(seed: int) -> None:
    """However a view scales, leans and turns, rectifying at its corners shows the plate upright.

    Upright views are left out: some of them are mirrored with their text.
    """
    rng = np.random.default_rng(seed)
    config = ViewConfig(least_plate=0.2, largest_plate=0.4, turned_share=0.6, upright_share=0.0)
    seen = view(scene_with_plate(), Scene(np.full((300, 300, 3), 20, np.uint8), ()), 384, rng, config)
    assert seen.image_bgr.shape == (384, 384, 3)
    for quad in seen.quads:
        assert is_convex(quad)
        if (quad > 4).all() and (quad < 380).all():
            assert red_is_top_left(seen, quad)


def test_a_plate_cut_by_the_edge_is_ignored_not_denied() -> None:
    """Under 60 % in view it is neither wanted nor forbidden."""
    config = ViewConfig(whole_share=0.0)
    views = [view(scene_with_plate(), scene_with_plate(), 128, np.random.default_rng(i), config) for i in range(80)]
    frame = np.array([[0, 0], [128, 0], [128, 128], [0, 128]], np.float32)
    cut = [quad for seen in views for quad in seen.ignored if quad_iou(quad, frame) > 0]
    assert cut
    assert all(len(seen.quads) + len(seen.ignored) >= 1 for seen in views if seen.quads or seen.ignored)


def write_photos(folder: Path, texts: list[list[str]], **about: Any) -> None:
    """A tiny data set, a plate a picture."""
    (folder / "images").mkdir(parents=True)
    lines = []
    for i, rows in enumerate(texts):
        cv2.imwrite(str(folder / "images" / f"{i}.png"), scene_with_plate().image_bgr)
        plate = {"quad": QUAD.tolist(), "rows": rows, "legible": "full", "kind": "devanagari", **about}
        lines.append({"image": f"{i}.png", "width": 600, "height": 400, "split": "train", "plates": [plate]})
    (folder / "labels.jsonl").write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")


TEXTS = [["बा१प", "१२३४"], ["ज२प", "५६७८"], ["बा१प", "१२३४"], ["को३प", "९०१२"], ["ना४प", "३४५६"]]


def test_photographs_of_one_vehicle_stay_together(tmp_path: Path) -> None:
    """The same number on two photographs is never on both sides of the split."""
    write_photos(tmp_path, TEXTS)
    for seed in range(8):
        training, judging = load_photos(tmp_path, HoldOut(0.4, seed))
        assert len(training) + len(judging) == 5
        assert not {p.group for p in training} & {p.group for p in judging}
        assert len({photo.group for photo in (*training, *judging)}) == 4


def test_crops_are_for_those_who_ask_and_part_photographs_alike(tmp_path: Path) -> None:
    """A detector gets no crop; it holds out the photographs that a reader of crops as well holds out."""

    def is_crop(photo: Photo) -> bool:
        return photo.path.parts[-3] == "crops"

    write_photos(tmp_path / "plates", TEXTS)
    write_photos(tmp_path / "crops", [["बा१प", "१२३४"], ["लु९प", "९९९९"]])
    for seed in range(8):
        parts = HoldOut(0.4, seed)
        alone, both = load_photos(tmp_path, parts), load_photos(tmp_path, parts, with_crops=True)
        assert not any(is_crop(photo) for part in alone for photo in part)
        assert sum(is_crop(photo) for part in both for photo in part) == 2
        for without, with_crops in zip(alone, both, strict=True):
            assert [p.path for p in without] == [p.path for p in with_crops if not is_crop(p)]
        assert not {p.group for p in both[0]} & {p.group for p in both[1]}


def test_a_loose_box_has_a_centre_and_no_corners(tmp_path: Path) -> None:
    """It is to be found in training, through every change of the view; in judging it may be found or not."""
    write_photos(tmp_path, [["?"]], corners="box", legible="partial")
    ((photo,), _) = load_photos(tmp_path, HoldOut(0.0, 1))
    assert (photo.scene.quads, len(photo.scene.loose)) == ((), 1)
    assert (photo.evaluated.quads, len(photo.evaluated.ignored)) == ((), 1)
    assert abs(float(mirror(photo.scene).loose[0][:, 0].mean()) - (600 - QUAD[:, 0].mean())) < 1
    views = [view(photo.scene, photo.scene, 128, np.random.default_rng(i), ViewConfig()) for i in range(20)]
    assert any(seen.loose for seen in views)
    assert not any(seen.quads for seen in views)


def test_an_unreadable_plate_is_learnt_and_not_asked_for(tmp_path: Path) -> None:
    """Its corners were drawn by hand: a detector learns them, and isn't judged by them."""
    write_photos(tmp_path, [["?"]], legible="none")
    ((photo,), _) = load_photos(tmp_path, HoldOut(0.0, 1))
    assert len(photo.scene.quads) == 1
    assert (photo.evaluated.quads, len(photo.evaluated.ignored)) == ((), 1)


def test_a_missing_photograph_is_named(tmp_path: Path) -> None:
    """The path of the file that isn't there."""
    write_photos(tmp_path, [["बा१प", "१२३४"]])
    (tmp_path / "images" / "0.png").unlink()
    with pytest.raises(DataError, match=r"no picture .*0\.png"):
        load_photos(tmp_path, HoldOut(0.0, 1))


def test_votes_are_never_held_out(tmp_path: Path) -> None:
    """A vote trains the reader alone, and not where its vehicle is held out; with votes the same vehicles are."""
    write_photos(tmp_path, TEXTS)
    held_before = [{p.path.name for p in load_photos(tmp_path, HoldOut(0.4, seed))[1]} for seed in range(8)]
    votes = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in votes:
        line["image"] = f"vote{line['image']}"
        line["plates"][0]["label"] = "vote"
        cv2.imwrite(str(tmp_path / "images" / line["image"]), scene_with_plate().image_bgr)
    with (tmp_path / "labels.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n" + "\n".join(json.dumps(line) for line in votes))
    for seed, held in enumerate(held_before):
        training, judging = load_photos(tmp_path, HoldOut(0.4, seed), with_crops=True)
        assert {p.path.name for p in judging} == held
        assert not {p.group for p in training} & {p.group for p in judging}
        assert sum(p.path.name.startswith("vote") for p in training) == 5 - len(held)
        for part in load_photos(tmp_path, HoldOut(0.4, seed)):
            assert not any(p.path.name.startswith("vote") for p in part)
