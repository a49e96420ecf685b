"""Robustness on rendered frames: dark, overexposed, mirrored, rotated, crowded, empty.

They show whether the device still detects and reads plates, and gives no false reading where nothing is legible. They
are no measure of accuracy on real plates, which is measured on photographs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from lpr_bench.accuracy.plates import MIN_IOU
from lpr_bench.base.frames import add_noise, camera_noise, paint_plate, paint_street, paste_plate, sample_rows
from lpr_bench.base.tables import format_share
from lpr_edge.contract.base.arrays import Image, Quad
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import quad_iou
from lpr_edge.contract.metrics import match_plates, share
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_export.report.text_table import format_table

FRAMES = 30
"""Number of frames per kind."""
MIN_CONFIDENCE = 0.5
"""Confidence from which a reading is reported, by lpr-edge's default."""
PLATES = 3
"""Number of plates on a frame with several vehicles."""


@dataclass(frozen=True)
class RenderedFrame:
    """A rendered frame with its ground truth."""

    image_bgr: Image
    plates: tuple[tuple[Quad, str], ...]
    """(corners, text) of each plate: (4, 2) float32 in pixels, from the plate's own top left."""


Change = Callable[[RenderedFrame, np.random.Generator], RenderedFrame]


def _lit(gain: float) -> Change:
    def change(frame: RenderedFrame, _: np.random.Generator) -> RenderedFrame:
        return RenderedFrame(np.clip(frame.image_bgr * gain, 0, 255).astype(np.uint8), frame.plates)

    return change


def _turned(quarters: int) -> Change:
    def change(frame: RenderedFrame, _: np.random.Generator) -> RenderedFrame:
        return turn(frame, quarters)

    return change


def turn(frame: RenderedFrame, quarters: int) -> RenderedFrame:
    """Rotate a frame and its corners anticlockwise by multiples of 90 degrees."""
    image, plates = frame.image_bgr, frame.plates
    for _ in range(quarters):
        width = image.shape[1]
        plates = tuple((np.stack([q[:, 1], width - q[:, 0]], axis=1), text) for q, text in plates)
        image = np.rot90(image)
    return RenderedFrame(np.ascontiguousarray(image), plates)


def _mirrored(frame: RenderedFrame, _: np.random.Generator) -> RenderedFrame:
    """Mirror a frame, as some rear-view cameras do: nothing is legible, so every reading is a false one."""
    width = frame.image_bgr.shape[1]
    plates = tuple((((q - (width, 0)) * (-1, 1))[[1, 0, 3, 2]].astype(np.float32), "") for q, _ in frame.plates)
    return RenderedFrame(np.ascontiguousarray(frame.image_bgr[:, ::-1]), plates)


def _smeared(frame: RenderedFrame, rng: np.random.Generator) -> RenderedFrame:
    """Horizontal motion blur of 5 to 11 pixels."""
    length = int(rng.integers(5, 12))
    smeared = cv2.blur(frame.image_bgr, (length, 1))
    return RenderedFrame(np.asarray(smeared, np.uint8), frame.plates)


def _far(frame: RenderedFrame, _: np.random.Generator) -> RenderedFrame:
    """Shrink the scene to a third, inside a grey wall."""
    height, width = frame.image_bgr.shape[:2]
    small = cv2.resize(frame.image_bgr, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA)
    image = np.full_like(frame.image_bgr, 120)
    image[height // 3 : height // 3 + small.shape[0], width // 3 : width // 3 + small.shape[1]] = small
    place = np.array([width // 3, height // 3], np.float32)
    return RenderedFrame(image, tuple(((q / 3 + place).astype(np.float32), text) for q, text in frame.plates))


def _as_it_is(frame: RenderedFrame, _: np.random.Generator) -> RenderedFrame:
    return frame


KINDS: dict[str, tuple[int, Change]] = {
    "plain": (1, _as_it_is),
    "dark, an eighth of the light": (1, _lit(0.125)),
    "overexposed, 2.5 times the light": (1, _lit(2.5)),
    "smeared by motion": (1, _smeared),
    "far, a third of the size": (1, _far),
    "on its left side": (1, _turned(1)),
    "on its right side": (1, _turned(3)),
    "upside down": (1, _turned(2)),
    "several vehicles": (PLATES, _as_it_is),
    "mirrored, not to be read": (1, _mirrored),
    "an empty street": (0, _as_it_is),
    "an empty street, dark": (0, _lit(0.125)),
}
"""Kind -> number of plates, and the change of the frame."""


@dataclass(frozen=True)
class KindOutcome:
    """Results of one kind of frames."""

    kind: str
    plates: int
    found: int
    readable: int
    """Number of legible plates."""
    exact: int
    false_readings: int
    """Number of wrong readings at or above `MIN_CONFIDENCE`."""
    frames: int


def make_frames(country: Country, kind: str, count: int, seed: int = 0) -> Iterator[RenderedFrame]:
    """Render the frames of a kind; the same seed gives the same frames.

    Args:
        country: of the plates.
        kind: what is hard about them.
        count: number of frames.
        seed: of all random choices.
    """
    rng = np.random.default_rng((seed, *kind.encode()))
    plates, change = KINDS[kind]
    noise = camera_noise(rng)
    for _ in range(count):
        changed = change(_street(country, plates, rng), rng)
        same_way = changed.image_bgr.shape[0] == noise.shape[0]
        noisy = add_noise(changed.image_bgr, noise if same_way else noise.swapaxes(0, 1), rng)
        yield RenderedFrame(noisy, changed.plates)


def _street(country: Country, count: int, rng: np.random.Generator) -> RenderedFrame:
    """A street with `count` plates that don't overlap."""
    while True:
        image = paint_street(rng)
        rows = [sample_rows(country, rng) for _ in range(count)]
        plates = tuple((paste_plate(image, paint_plate(country, r), rng), "".join(r)) for r in rows)
        apart = all(quad_iou(a, b) == 0 for i, (a, _) in enumerate(plates) for b, _ in plates[:i])
        if apart:
            return RenderedFrame(image, plates)


def score_kind(device: PlatePipeline, kind: str, count: int | None = None, seed: int = 0) -> KindOutcome:
    """Run the device on `count` frames of a kind; on `FRAMES` by default.

    Args:
        device: detects and reads.
        kind: what is hard about the frames.
        count: number of frames.
        seed: of all random choices.
    """
    count = FRAMES if count is None else count
    plates = found = readable = exact = false_readings = 0
    for frame in make_frames(device.reader.grammar.country, kind, count, seed):
        read = device.read(frame.image_bgr).plates
        matches = match_plates([r.reading.quad_xy for r in read], [q for q, _ in frame.plates], MIN_IOU)
        truths = {index: frame.plates[true][1] for index, true in matches.pairs}
        right = [read[index].reading.text == truth for index, truth in truths.items() if truth]
        plates, found = plates + len(frame.plates), found + len(matches.pairs)
        readable, exact = readable + sum(bool(text) for _, text in frame.plates), exact + sum(right)
        confident = [
            index
            for index, plate in enumerate(read)
            if plate.reading.text and plate.reading.confidence >= MIN_CONFIDENCE
        ]
        false_readings += sum(truths.get(index, "") != read[index].reading.text for index in confident)
    return KindOutcome(kind, plates, found, readable, exact, false_readings, count)


def summarize_kinds(outcomes: list[KindOutcome]) -> dict[str, Any]:
    """Shares by kind, as plain values."""
    return {
        one.kind: {
            "frames": one.frames,
            "found": share(one.found, one.plates),
            "exact_match": share(one.exact, one.readable),
            "wrong_though_sure": one.false_readings,
        }
        for one in outcomes
    }


def format_kinds(outcomes: list[KindOutcome]) -> str:
    """Robustness as a text table."""
    rows = [
        [one.kind, format_share(one.found, one.plates), format_share(one.exact, one.readable), str(one.false_readings)]
        for one in outcomes
    ]
    title = f"painted, {outcomes[0].frames} frames a kind"
    return format_table([title, "found", "read exactly", f"wrong at {MIN_CONFIDENCE:.0%} or more"], rows)
