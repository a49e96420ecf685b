"""What the shipped models do with frames as no one would take them: they don't crash, and don't invent.

How much of such frames they read is measured by `lpr-bench accuracy --rendered`; here stands only what must hold.
"""

import numpy as np
import pytest

from lpr_bench.accuracy.robustness import KINDS, MIN_CONFIDENCE, RenderedFrame, score_kind
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.countries import load_country
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.reader import Reader
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.plates import PlateRenderer
from lpr_train.render.scene.scenes import SceneRenderer

COUNT = 6


@pytest.fixture(scope="module")
def device() -> PlatePipeline:
    detector, reader = (open_model(shipped_model(name)) for name in ("detector", "reader"))
    return PlatePipeline(Detector(detector), Reader(reader))


@pytest.mark.parametrize("kind", [kind for kind, (plates, _) in KINDS.items() if not plates])
def test_nothing_is_invented_on_empty_streets(device: PlatePipeline, kind: str) -> None:
    """Where no plate is, none is read."""
    assert score_kind(device, kind, COUNT).false_readings == 0


@pytest.mark.parametrize("kind", [kind for kind, (plates, _) in KINDS.items() if plates])
def test_plates_are_found_however_they_are_shown(device: PlatePipeline, kind: str) -> None:
    """Dark, overexposed, smeared, far, turned, mirrored or several: at least every third plate is still found."""
    outcome = score_kind(device, kind, COUNT)
    assert outcome.found >= outcome.plates / 3


def test_the_dark_is_lit(device: PlatePipeline) -> None:
    """With an eighth of the light most plates are still found, and hardly a wrong one is claimed."""
    (kind,) = [kind for kind, (plates, _) in KINDS.items() if plates and kind.startswith("dark")]
    outcome = score_kind(device, kind, COUNT)
    assert outcome.found >= COUNT - 1
    assert outcome.false_readings <= COUNT / 3


def test_mirrored_plates_are_seldom_claimed(device: PlatePipeline) -> None:
    """Mirrored writing can't be read, so at most every other such plate gets a text that is reported."""
    outcome = score_kind(device, "mirrored, not to be read", COUNT)
    assert outcome.false_readings <= COUNT / 2


@pytest.mark.parametrize("size_hw", [(1, 1), (2, 900), (900, 2), (17, 33)])
def test_frames_of_any_shape_are_taken(device: PlatePipeline, size_hw: tuple[int, int]) -> None:
    """A pixel, a line, a column: nothing is read surely, and there is no error."""
    plates = device.read(np.full((*size_hw, 3), 200, np.uint8)).plates
    assert [plate for plate in plates if plate.reading.confidence >= MIN_CONFIDENCE] == []


def rendered() -> RenderedFrame:
    """A rendered street with its plates."""
    country = load_country()
    scene = SceneRenderer(country, PlateRenderer(country, GlyphBook(country))).render(
        np.random.default_rng(8), (480, 640)
    )
    return RenderedFrame(scene.image_bgr, ())


@pytest.mark.parametrize("change", ["black", "white", "negative", "mirrored", "turned", "noise", "one channel"])
def test_spoilt_scenes_give_a_result(device: PlatePipeline, change: str) -> None:
    """A rendered scene, spoilt in every way, gives a result with finite corners and probabilities."""
    image = rendered().image_bgr
    spoilt: dict[str, Image] = {
        "black": (image // 32).astype(np.uint8),
        "white": np.clip(image.astype(int) * 4, 0, 255).astype(np.uint8),
        "negative": (255 - image).astype(np.uint8),
        "mirrored": np.ascontiguousarray(image[:, ::-1]),
        "turned": np.ascontiguousarray(np.rot90(image)),
        "noise": np.random.default_rng(1).integers(0, 256, image.shape, dtype=np.uint8),
        "one channel": np.ascontiguousarray(image * np.array([1, 0, 0], np.uint8)),
    }
    result = device.read(spoilt[change])
    for plate in result.plates:
        assert np.isfinite(plate.reading.quad_xy).all()
        assert 0 <= plate.reading.confidence <= 1
