"""What a network gets wrong is shown to it more often."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.geometry import rectangle
from lpr_train.data.photos import Photo, Scene, mirror
from lpr_train.data.reader_crops import Crop, cut_off, expose
from lpr_train.data.real_plates import RealPlate
from lpr_train.data.sampling_weights import weighted_plates
from lpr_train.data.scene_views import ViewConfig, view
from lpr_train.targets.heat_maps import PlacedCharacter
from lpr_train.tasks.characters.plate_crops import cut_out, load_plate_crops, part_by_label
from lpr_train.tasks.detector.config import DetectorConfig
from lpr_train.tasks.detector.metrics import mistakes
from lpr_train.tasks.detector.task import DetectorTask

FRAME = np.full((200, 300, 3), 90, np.uint8)


def _quad(x: float, y: float, width: float = 60, height: float = 30) -> Quad:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def _real_plate(path: Path, image: Image, places: tuple[PlacedCharacter, ...], text: str = "बा१") -> RealPlate:
    height, width = image.shape[:2]
    quad = rectangle((height, width))
    label = PlateLabel(quad, (text,), "full", "devanagari", "motorbike")
    rows = (load_country("nepal").tokenize(text),)
    return RealPlate(path, image, quad, rows, label, places)


def test_a_false_alarm_is_a_lure_and_a_missed_plate_a_mistake() -> None:
    """An imagined plate is remembered where it was; one that overlaps a plate is no lure, but a badly placed plate."""
    scene = Scene(FRAME, (_quad(20, 20),), (_quad(20, 120),))
    assert mistakes([(0.9, _quad(21, 20))], scene) == ((), False)
    hard_negatives, is_mistaken = mistakes([(0.9, _quad(21, 20)), (0.5, _quad(200, 100)), (0.1, _quad(200, 20))], scene)
    assert is_mistaken
    assert np.array_equal(hard_negatives, [_quad(200, 100)])
    assert mistakes([], scene) == ((), True)
    assert mistakes([(0.9, _quad(21, 20)), (0.9, _quad(25, 125))], scene) == ((), False)


def test_lures_are_looked_at_and_mirrored() -> None:
    """A picture without plates is seen where something was taken for one, on either side once it is mirrored."""
    image = FRAME.copy()
    cv2.rectangle(image, (220, 20), (280, 50), (255, 255, 255), -1)
    scene = Scene(image, (), (), (_quad(220, 20),))
    config = ViewConfig(whole_share=0.0, turned_share=0.0, least_plate=0.3, largest_plate=0.4)
    for seen in (scene, mirror(scene)):
        rng = np.random.default_rng(3)
        bright = [(view(seen, Scene(FRAME, ()), 96, rng, config).image_bgr > 240).mean() for _ in range(12)]
        assert min(bright) > 0.01
    assert np.array_equal(mirror(scene).hard_negatives, [_quad(20, 20)])


def test_photographs_with_mistakes_are_shown_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was read right is shown once where one with a mistake is shown as often as the settings say.

    Hard negatives are also what the photograph's windows show, where the window is.
    """
    good, bad = Scene(FRAME, (_quad(20, 20),)), Scene(FRAME, (_quad(200, 100),))
    task = DetectorTask(DetectorConfig(hard_example_weight=4))
    task._photos = [Photo(Path(str(i)), str(i), scene, ()) for i, scene in enumerate((good, bad))]
    monkeypatch.setattr(
        "lpr_train.tasks.detector.metrics.detect_all",
        lambda _, scenes, *__: [([(0.9, _quad(20, 20))], scene) for scene in scenes],
    )
    task.learn_from(None)
    assert [scene.quads[0][0, 0] for scene in task._shown] == [20, 200, 200, 200, 200]
    assert np.array_equal(task._shown[1].hard_negatives, [_quad(20, 20), _quad(140, 20)])


def test_misread_plates_are_shown_more_often(tmp_path: Path) -> None:
    """Those that can't be placed aren't shown at all: nobody knows where their characters are."""
    place = PlacedCharacter(0, 0.5, 0.5, 0.2, 0.4)
    right, wrong, lost = (
        _real_plate(tmp_path / name, FRAME, places) for name, places in (("a", (place,)), ("b", (place,)), ("c", ()))
    )
    assert weighted_plates([right, wrong, lost], [False, True, True], 3) == [right, wrong, wrong, wrong]


def test_characters_are_cut_out_where_they_stand(tmp_path: Path) -> None:
    """Each picture shows its own character with a little around it; what is too small to be read is left out."""
    image = np.zeros((100, 200, 3), np.uint8)
    image[30:70, 40:60], image[30:70, 120:140] = (0, 0, 255), (0, 255, 0)
    (tmp_path / "photo.jpg").write_bytes(b"photo")
    places = (PlacedCharacter(0, 0.25, 0.5, 0.1, 0.4), PlacedCharacter(1, 0.65, 0.5, 0.1, 0.4))
    first, second = cut_out(_real_plate(tmp_path / "photo.jpg", image, places))
    assert (first.label, second.label) == ("बा", "१")
    for crop, channel in ((first, 2), (second, 1)):
        assert 40 <= crop.image_bgr.shape[0] <= 50
        assert 20 <= crop.image_bgr.shape[1] <= 26
        assert crop.image_bgr[..., channel].mean() > 150
        assert crop.image_bgr.sum() == crop.image_bgr[..., channel].sum()
    tiny = (PlacedCharacter(0, 0.25, 0.5, 0.1, 0.05), places[1])
    assert [crop.label for crop in cut_out(_real_plate(tmp_path / "photo.jpg", image, tiny))] == ["१"]


def test_letters_that_are_pieces_of_a_label_are_no_strangers() -> None:
    """को is a stranger to a classifier of बा and प; ब isn't."""
    crops = [Crop(Path("p"), label, FRAME, "") for label in ("बा", "को", "ब", "प")]
    known, strange = part_by_label(crops, ("बा", "प"))
    assert [crop.label for crop in known] == ["बा", "प"]
    assert [crop.label for crop in strange] == ["को"]


def test_a_folder_that_is_no_readers_run_is_named(tmp_path: Path) -> None:
    """--reader with a wrong folder says which file it misses."""
    with pytest.raises(LprError, match=r"--reader .*config\.toml isn't there. Give the run folder of lpr-train reader"):
        load_plate_crops(tmp_path, "nepal", tmp_path / "runs")


@pytest.mark.parametrize("seed", range(20))
def test_hasty_cuts_and_bad_light_leave_something(seed: int) -> None:
    """At most a seventh of a side goes; exposure keeps the size, and never turns light into dark."""
    rng = np.random.default_rng(seed)
    crop = np.full((50, 40, 3), 60, np.uint8)
    crop[10:40, 15:25] = 200
    cut = cut_off(crop, np.random.default_rng(seed))
    assert 40 <= cut.shape[0] <= 50
    assert 30 <= cut.shape[1] <= 40
    shown = expose(crop, rng)
    assert shown.shape == crop.shape
    assert shown[20, 20, 0] >= shown[0, 0, 0]
