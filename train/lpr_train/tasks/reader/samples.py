"""The reader's samples: views of real and rendered plates with random corners, and their targets."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import grow_quad
from lpr_edge.contract.preprocess import InputSpec, prepare
from lpr_edge.contract.run.samples import Samples, picture_sha256
from lpr_train.augment.copy_paste import UprightPlate, copy_paste_rows, interchangeable, upright
from lpr_train.augment.letter_paste import LetterBank, PasteShares, with_pasted_letters
from lpr_train.augment.row_layout import to_one_row
from lpr_train.base.task import UNSEEN
from lpr_train.data.plate_views import PlateView, boxed, jitter, rectified_view
from lpr_train.data.pool import RenewedPool
from lpr_train.data.real_plates import RealPlate
from lpr_train.data.single_characters import real_cutouts
from lpr_train.networks.reader import STRIDE
from lpr_train.render.draw.deform import deform
from lpr_train.render.draw.degrade import degrade
from lpr_train.render.draw.photograph import photograph
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.plates import PlateRenderer, RenderedPlate
from lpr_train.targets.heat_maps import PlacedCharacter, character_targets
from lpr_train.tasks.reader.config import ReaderConfig

DEGRADED = 0.8
"""Fraction of real plates that are degraded further."""
FAR_OFF_SHARE, FAR_OFF = 0.2, 2.5
"""Fraction of samples whose corners are further off than usual, and how much: `corners` learns from them."""
FIRST = UNSEEN // 2
"""First index of the samples to calibrate on."""
CROP_WEIGHT = 0.3
"""Weight of the corners of plate crops, which people labelled less exactly."""


class ReaderSamples:
    """Makes samples from rendered plates and from real ones whose characters are aligned.

    Args:
        config: the run's settings, with the fraction of each augmentation.
        country: defines the alphabet and what is rendered.
        spec: the reader's input.
        folders: folders of data, which may have photographed characters to render plates with.
    """

    def __init__(self, config: ReaderConfig, country: Country, spec: InputSpec, folders: Sequence[Path]) -> None:
        self._config = config
        self._spec = spec
        cutouts = next(filter(None, (real_cutouts(folder, country) for folder in folders)), None)
        self._renderer = PlateRenderer(country, GlyphBook(country, cutouts))
        self._pool = RenewedPool(self._renderer.render, config.seed)
        self._index = {label: i for i, label in enumerate(country.labels)}
        self._kinds = interchangeable(country)

    def sample(self, index: int, plates: Sequence[RealPlate], letters: LetterBank) -> tuple[Image, dict[str, Floats]]:
        """One sample: input pixels (H, W, 1) uint8, and the target of each head.

        Args:
            index: with the seed it determines the random choices.
            plates: real plates with aligned characters to choose from; if empty, the sample is rendered.
            letters: cut-outs for copy-paste.
        """
        rng = np.random.default_rng((self._config.seed, index))
        is_real = bool(plates) and rng.random() < self._config.real_share
        view = self._photographed(plates, letters, rng) if is_real else self._rendered(self._pool.draw(index, rng), rng)
        grid = (self._spec.size_hw[0] // STRIDE, self._spec.size_hw[1] // STRIDE)
        targets = character_targets(view.placed, grid) | {"corners": view.corners_target(self._config.margin)}
        return prepare(view.image_bgr, self._spec).pixels[0], targets

    def _photographed(self, plates: Sequence[RealPlate], letters: LetterBank, rng: np.random.Generator) -> PlateView:
        plate = plates[rng.integers(len(plates))]
        image, quad, placed = plate.crop_bgr, plate.quad_xy, (*plate.placed, *plate.unknown)
        if plate.is_whole and rng.random() < self._config.copy_paste_share:
            pasted = self._copy_pasted(plate, plates[rng.integers(len(plates))], letters, rng)
            image, quad, placed = pasted.image_bgr, pasted.quad_xy, pasted.placed
        if rng.random() < self._config.inverted_share:
            image = np.asarray(cv2.bitwise_not(image), np.uint8)
        image = deform(image, rng, self._config.shape_strength)
        if rng.random() < DEGRADED:
            image = degrade(image, rng, self._config.strength * rng.random())
        is_boxed = rng.random() < self._config.boxed_share
        seen = grow_quad(boxed(quad, rng), self._config.margin) if is_boxed else self._seen(quad, rng)
        weight = CROP_WEIGHT if plate.is_crop else 1.0
        return rectified_view(image, quad, seen, placed, self._spec.size_hw, weight)

    def _copy_pasted(
        self, plate: RealPlate, other: RealPlate, letters: LetterBank, rng: np.random.Generator
    ) -> UprightPlate:
        pasted = copy_paste_rows(upright(plate), upright(other if other.is_whole else plate), self._kinds, rng)
        shares = PasteShares(self._config.letter_paste_share, self._config.digit_paste_share)
        pasted = with_pasted_letters(pasted, letters, shares, rng)
        return to_one_row(pasted, rng) if rng.random() < self._config.one_row_share else pasted

    def _rendered(self, plate: RenderedPlate, rng: np.random.Generator) -> PlateView:
        height, width = plate.image_bgr.shape[:2]
        places = [
            PlacedCharacter(
                self._index[box.label],
                (box.x + box.w / 2) / width,
                (box.y + box.h / 2) / height,
                box.w / width,
                box.h / height,
            )
            for box in plate.boxes
        ]
        image, quad = photograph(plate.image_bgr, rng)
        image = degrade(image, rng, self._config.strength * rng.random())
        return rectified_view(image, quad, self._seen(quad, rng), places, self._spec.size_hw)

    def _seen(self, quad: Quad, rng: np.random.Generator) -> Quad:
        amount = self._config.corner_jitter * (FAR_OFF if rng.random() < FAR_OFF_SHARE else 1.0)
        return grow_quad(jitter(quad, rng, amount), self._config.margin)

    def rendered_as_trained(self, count: int) -> Samples:
        """Rendered plates as they are trained on, with wrong corners; their truth is None."""
        drawn = [(index, np.random.default_rng((self._config.seed, index))) for index in range(FIRST, FIRST + count)]
        views = [self._rendered(self._pool.draw(index, rng), rng) for index, rng in drawn]
        pictures = tuple(prepare(view.image_bgr, self._spec).pixels[0] for view in views)
        return Samples(pictures, "rendered", tuple(map(picture_sha256, pictures)), None, self._config.seed)

    def rendered_for_evaluation(self, count: int) -> list[tuple[Image, tuple[tuple[str, ...], ...]]]:
        """Rendered plates that no training sample shows: input pixels (H, W, 1) uint8, and the labels of each row."""
        return [self._rendered_with_rows(np.random.default_rng((self._config.seed, UNSEEN + i))) for i in range(count)]

    def _rendered_with_rows(self, rng: np.random.Generator) -> tuple[Image, tuple[tuple[str, ...], ...]]:
        plate = self._renderer.render(rng)
        image, quad = photograph(plate.image_bgr, rng)
        image = degrade(image, rng, self._config.strength * rng.random())
        view = rectified_view(image, quad, grow_quad(quad, self._config.margin), (), self._spec.size_hw)
        return prepare(view.image_bgr, self._spec).pixels[0], plate.rows


def rendered_samples(rendered: Sequence[tuple[Image, Sequence[Sequence[str]]]], seed: int) -> Samples:
    """Rendered plates, each with its rows of labels, as samples for parity."""
    pictures = tuple(picture for picture, _ in rendered)
    truth = tuple(["".join(row) for row in rows] for _, rows in rendered)
    return Samples(pictures, "rendered", tuple(map(picture_sha256, pictures)), truth, seed)
