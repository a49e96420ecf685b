"""A short video of vehicles that approach a gate, with ground truth: for lpr-edge's demo and its tests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_train.render.draw.effects import noise
from lpr_train.render.draw.sketch import Sketch, Slot, paste
from lpr_train.render.draw.textures import paving
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.plates import PlateRenderer, RenderedPlate
from lpr_train.render.scene.scenes import hang
from lpr_train.render.scene.vehicles import bus, car, motorbike_rear

SIZE_HW = (480, 640)
FRAMES_PER_SECOND = 10
PASSAGE = 16
"""Frames that a vehicle takes from the far end to the gate."""
PAUSE = 12
"""Empty frames between two vehicles: longer than the tracker waits for one to come back."""
DRAWINGS = ((motorbike_rear, 0.62), (car, 1.25), (bus, 0.95))
"""What drives, and its width over its height."""


@dataclass(frozen=True)
class Passage:
    """A vehicle's plate, and the frames that show it."""

    rows: tuple[str, ...]
    first: int
    last: int


@dataclass
class _Vehicle:
    """A vehicle that approaches."""

    seed: int
    drawing: int
    plate: RenderedPlate
    side: float
    """Where it ends, 0 left to 1 right."""


def render_clip(country: Country, seed: int, vehicles: int = 6) -> tuple[list[Image], list[Passage]]:
    """Render the video.

    Args:
        country: whose plates.
        seed: equal seeds give equal videos.
        vehicles: number of vehicles, one after the other.

    Returns:
        Frames (480, 640, 3) BGR at 10 a second, and what they show.
    """
    rng = np.random.default_rng(seed)
    renderer = PlateRenderer(country, GlyphBook(country))
    road = paving(rng, SIZE_HW)
    frames: list[Image] = []
    passages: list[Passage] = []
    for i in range(vehicles):
        plate = renderer.render(rng, form=_common_forms(country)[i % 4 // 3], even_share=0.0)
        vehicle = _Vehicle(seed * 100 + i, i % len(DRAWINGS), plate, float(rng.uniform(0.3, 0.7)))
        rows = registration(plate)
        passages.append(Passage(rows, len(frames), len(frames) + PASSAGE - 1))
        frames += [_frame(road, vehicle, step / (PASSAGE - 1), rng) for step in range(PASSAGE)]
        frames += [_filmed(road, rng) for _ in range(PAUSE)]
    return frames, passages


def registration(plate: RenderedPlate) -> tuple[str, ...]:
    """What a plate says, row by row, without a twin in Latin letters."""
    rows = tuple("".join(row) for row in plate.rows)
    return tuple(row for row in rows if not row.isascii()) or rows


def _common_forms(country: Country) -> list[str]:
    """The country's forms, the most frequent first; a single form is repeated."""
    shares: dict[str, float] = {}
    for layout in country.layouts:
        shares[layout.form] = shares.get(layout.form, 0.0) + layout.weight
    return sorted(shares, key=lambda form: -shares[form]) * 2


def _frame(road: Image, vehicle: _Vehicle, way: float, rng: np.random.Generator) -> Image:
    """The vehicle at a fraction of its path (0..1)."""
    canvas = road.copy()
    height, width = SIZE_HW
    drawing, aspect = DRAWINGS[vehicle.drawing]
    high = height * (0.6 + 0.7 * way)
    wide = high * aspect
    foot = (width * (0.5 + (vehicle.side - 0.5) * way), height * (0.62 + 0.42 * way))
    sketch = Sketch(canvas, (foot[0] - wide / 2, foot[1] - high), (wide, high), 0.0)
    slots = drawing(sketch, np.random.default_rng(vehicle.seed))  # the same seed: the same vehicle in each frame
    if slots:
        _mount(canvas, slots[0], vehicle)
    return _filmed(canvas, rng)


def _mount(canvas: Image, place: Slot, vehicle: _Vehicle) -> None:
    image = vehicle.plate.image_bgr
    aspect = image.shape[1] / image.shape[0]
    width = min(place.width, place.height * aspect * 1.3)
    quad = hang(place, width, width / aspect, np.random.default_rng(vehicle.seed + 7))
    paste(canvas, image, vehicle.plate.alpha, quad)


def _filmed(canvas: Image, rng: np.random.Generator) -> Image:
    """Apply the effects of a cheap camera."""
    return noise(np.asarray(cv2.GaussianBlur(canvas, (0, 0), 0.6), np.uint8), rng, 0.05)


def write_clip(country: Country, out: Path, seed: int, vehicles: int = 6) -> list[Passage]:
    """Write `clip.mp4`, `truth.json` for the demo, and `visits.jsonl` for lpr-bench into a folder.

    Raises:
        LprError: OpenCV can't write MPEG-4 here.
    """
    frames, passages = render_clip(country, seed, vehicles)
    out.mkdir(parents=True, exist_ok=True)
    beside = out / "clip.part.mp4"
    size = (SIZE_HW[1], SIZE_HW[0])
    writer = cv2.VideoWriter(str(beside), cv2.VideoWriter.fourcc(*"mp4v"), FRAMES_PER_SECOND, size)
    if not writer.isOpened():
        raise LprError(f"{beside} can't be written: this OpenCV has no MPEG-4 encoder. Use the wheels of opencv-python")
    for frame in frames:
        writer.write(frame)
    writer.release()
    (out / "truth.json").write_text(_truth(passages), encoding="utf-8")
    (out / "visits.jsonl").write_text(_visits(passages), encoding="utf-8")
    beside.replace(out / "clip.mp4")
    return passages


def _visits(passages: list[Passage]) -> str:
    visits = [
        {
            "text": "".join(passage.rows),
            "first_s": passage.first / FRAMES_PER_SECOND,
            "last_s": passage.last / FRAMES_PER_SECOND,
        }
        for passage in passages
    ]
    return json.dumps({"clip": "clip.mp4", "visits": visits}, ensure_ascii=False) + "\n"


def _truth(passages: list[Passage]) -> str:
    return json.dumps({"plates": list(_lines(passages))}, ensure_ascii=False, indent=1) + "\n"


def _lines(passages: list[Passage]) -> Iterator[dict[str, object]]:
    for passage in passages:
        yield {"rows": passage.rows, "first": passage.first, "last": passage.last}
