import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.edge.app.test_edge_cli import Run, models, pictures, run, write_clip
from tests.support.golden import tinyland

import lpr_edge
from lpr_edge import Classifier, LprError, Manifest, Plate, PlateReader, load_manifest
from lpr_edge.contract.base.arrays import Image

__all__ = ["models", "pictures", "run"]


@pytest.fixture
def reader(golden: Path) -> PlateReader:
    """The API's reader, with Tinyland's models."""
    return PlateReader(golden / "detector.int8.tflite", golden / "reader.int8.tflite")


def crop(text: str, margin: float) -> Image:
    """A drawn plate with a margin on each side, in shares of its size."""
    plate = tinyland.draw_plate((text,)).image_bgr
    up, left = round(margin * plate.shape[0]), round(margin * plate.shape[1])
    framed = cv2.copyMakeBorder(plate, up, up, left, left, cv2.BORDER_CONSTANT, value=(90, 90, 90))
    return np.asarray(framed, np.uint8)


def test_a_photograph_gives_its_plates(reader: PlateReader, pictures: Path) -> None:
    """A path and its pixels give the same plates, with text, Latin text, fields, confidence and corners."""
    path = pictures / "a.png"
    (from_path,) = reader.read(path)
    (from_pixels,) = reader.read(np.asarray(cv2.imread(str(path)), np.uint8))
    assert isinstance(from_path, Plate)
    assert (from_path.text, from_path.latin, from_path.valid) == ("A104", "A104", True)
    assert 0.5 <= from_path.confidence <= 1.0
    assert from_path.fields["form"]
    assert (from_path.quad_xy.shape, str(from_path.quad_xy.dtype)) == ((4, 2), "float32")
    assert from_pixels.text == from_path.text
    assert np.array_equal(from_pixels.quad_xy, from_path.quad_xy)


def test_only_plates_of_the_asked_for_confidence_are_reported(golden: Path, pictures: Path) -> None:
    """`min_confidence=1` reports nothing that isn't certain."""
    strict = PlateReader(golden / "detector.int8.tflite", golden / "reader.int8.tflite", min_confidence=1.0)
    assert strict.read(pictures / "a.png") == []


@pytest.mark.parametrize("margin", [0.0, 0.25, 0.5])
def test_a_crop_is_read_whatever_its_margin(reader: PlateReader, margin: float) -> None:
    """A plate that somebody else has cut out is read with no margin, a quarter and half a plate on each side."""
    plate = reader.read_crop(crop("A104", margin))
    assert plate is not None
    assert plate.text == "A104"


def test_a_crop_without_a_character_is_none(reader: PlateReader) -> None:
    """An empty image shows no plate."""
    assert reader.read_crop(np.full((60, 180, 3), 128, np.uint8)) is None


def test_crops_of_a_folder_are_a_line_each(run: Run, models: list[str], tmp_path: Path) -> None:
    """`--crops` gives one record an image, in the documented fields; a broken image is an error, status 1."""
    cv2.imwrite(str(tmp_path / "a.png"), crop("A104", 0.1))
    cv2.imwrite(str(tmp_path / "b.png"), np.full((60, 180, 3), 128, np.uint8))
    (tmp_path / "c.png").write_bytes(b"no picture")
    status, records, _ = run("--crops", str(tmp_path), *models)
    assert status == 1
    names = ["source", "text", "rows", "latin", "valid", "fields", "confidence", "quad"]
    assert [list(record) for record in records[:2]] == [names, names]
    assert [record.get("text") for record in records] == ["A104", "", None]
    assert "error" in records[2]


def test_a_video_gives_an_event_for_each_vehicle(reader: PlateReader, tmp_path: Path) -> None:
    """`watch` yields one event a vehicle, each with its plate and the frame that shows it."""
    events = list(reader.watch(str(write_clip(tmp_path / "clip.avi", ("A104", "L77")))))
    assert [event.plate.text for event in events] == ["A104", "L77"]
    assert all(event.first_seen <= event.last_seen for event in events)
    assert events[0].frame_bgr.shape == (240, 320, 3)


def test_images_have_no_events(reader: PlateReader, pictures: Path) -> None:
    """`watch` refuses a folder of images, and says what to call instead."""
    with pytest.raises(LprError, match=r"use PlateReader\.read"):
        list(reader.watch(str(pictures)))


def test_a_character_is_classified(golden: Path) -> None:
    """`Classifier` gives a label and its probability."""
    label, confidence = Classifier(golden / "characters.int8.tflite").classify(
        tinyland.draw_character("X", np.random.default_rng(8))
    )
    assert label == "X"
    assert 0.0 < confidence <= 1.0


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), None]
)
def test_what_is_no_image_is_named(reader: PlateReader, image: Image) -> None:
    """A programmer's wrong array is a ValueError that says which arrays are right."""
    with pytest.raises(ValueError, match=r"\(H, W, 3\) uint8 in BGR order"):
        reader.read(image)


def test_a_manifest_tells_what_a_model_is(golden: Path) -> None:
    """`load_manifest` reads what travels inside a model file."""
    manifest = load_manifest(golden / "reader.int8.tflite")
    assert isinstance(manifest, Manifest)
    assert manifest.kind == "reader"


def test_public_names_are_all_there() -> None:
    """Every name of `__all__` can be imported, and nothing else is public."""
    assert {name: hasattr(lpr_edge, name) for name in lpr_edge.__all__} == dict.fromkeys(lpr_edge.__all__, True)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = lpr_edge.nothing


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import lpr_edge` loads neither NumPy nor OpenCV nor any module of its own."""
    code = "import json, sys, lpr_edge; print(json.dumps(sorted(sys.modules)))"
    modules = json.loads(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    )
    assert not {"numpy", "cv2", "importlib.metadata"} & set(modules)
    assert [name for name in modules if name.startswith("lpr_edge")] == ["lpr_edge"]
