"""Letters pasted from plate to plate: the label goes with the paint."""

from pathlib import Path

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.geometry import rectangle
from lpr_train.augment.copy_paste import to_pixels, upright
from lpr_train.augment.letter_paste import LetterBank, PasteShares, with_pasted_letters
from lpr_train.data.reader_crops import Crop
from lpr_train.data.real_plates import RealPlate
from lpr_train.targets.heat_maps import PlacedCharacter

NEPAL = load_country()
INDEX = {label: i for i, label in enumerate(NEPAL.labels)}
XS = (0.15, 0.4, 0.65, 0.85)
LETTERS = PasteShares(1.0, 0.0)
DIGITS = PasteShares(0.0, 1.0)


def _plate(labels: tuple[str, ...], bars: int, is_light_on_dark: bool = True) -> RealPlate:
    """A plate of one row, each of whose characters is so many bars."""
    ground, ink = (20, 220) if is_light_on_dark else (220, 20)
    image = np.full((120, 240, 3), ground, np.uint8)
    quad = rectangle((120, 240))
    for x in XS[: len(labels)]:
        for bar in range(bars):
            left = round(x * 240 - 12 + 24 * bar / bars)
            image[40:80, left : left + max(2, round(12 / bars))] = ink
    placed = tuple(PlacedCharacter(INDEX[label], x, 0.5, 0.1, 1 / 3) for label, x in zip(labels, XS, strict=False))
    label = PlateLabel(quad, ("".join(labels),), "full", "devanagari", "")
    return RealPlate(Path("a"), image, quad, (labels,), label, placed)


COMMON, RARE = _plate(("बा", "१", "प"), 1), _plate(("भे", "२", "ञ"), 3)


def _edges(image: Image, place: PlacedCharacter) -> int:
    """How often a line through a character changes between dark and light."""
    height, width = image.shape[:2]
    row = round(to_pixels(place.y, height))
    left, right = (round(to_pixels(place.x + side * 0.07, width)) for side in (-1, 1))
    light = image[row, left:right, 0] > 120
    return int(np.count_nonzero(light[1:] != light[:-1]))


def test_a_pasted_letter_brings_its_paint_and_its_label() -> None:
    """Zone letters replace zone letters, class letters class letters; digits stay."""
    bank = LetterBank([RARE], NEPAL)
    found = with_pasted_letters(upright(COMMON), bank, LETTERS, np.random.default_rng(1))
    assert [NEPAL.labels[c.index] for c in found.placed] == ["भे", "१", "ञ"]
    assert [_edges(found.image_bgr, c) for c in found.placed] == [6, 2, 6]


def test_nothing_is_pasted_from_plates_painted_the_other_way_round() -> None:
    """Light letters aren't put on a light plate."""
    bank = LetterBank([_plate(("भे", "२", "ञ"), 3, is_light_on_dark=False)], NEPAL)
    found = with_pasted_letters(upright(COMMON), bank, LETTERS, np.random.default_rng(1))
    assert [NEPAL.labels[c.index] for c in found.placed] == ["बा", "१", "प"]


def test_the_plate_that_is_pasted_on_stays_as_it_was() -> None:
    """The picture is a new one."""
    plate = upright(COMMON)
    before = plate.image_bgr.copy()
    with_pasted_letters(plate, LetterBank([RARE], NEPAL), LETTERS, np.random.default_rng(1))
    assert np.array_equal(plate.image_bgr, before)


def test_digits_replace_digits_and_letters_stay() -> None:
    """The two shares are independent."""
    bank = LetterBank([RARE], NEPAL)
    found = with_pasted_letters(upright(COMMON), bank, DIGITS, np.random.default_rng(1))
    assert [NEPAL.labels[c.index] for c in found.placed] == ["बा", "२", "प"]
    assert [_edges(found.image_bgr, c) for c in found.placed] == [2, 6, 2]


def test_a_word_is_replaced_by_the_same_word_only() -> None:
    """A sign that is neither zone nor class nor digit may change its paint, not its label."""
    plate, other = _plate(("प्र", "१", "प"), 1), _plate(("प्र", "२", "ञ"), 3)
    found = with_pasted_letters(upright(plate), LetterBank([other], NEPAL), LETTERS, np.random.default_rng(1))
    assert NEPAL.labels[found.placed[0].index] == "प्र"
    assert _edges(found.image_bgr, found.placed[0]) == 6


def test_an_image_of_a_single_character_is_pasted_into_the_places_shape() -> None:
    """Single characters are stored as squares: one fills the place of the character that it replaces."""
    image = np.full((32, 32, 3), 20, np.uint8)
    image[:, 4:12], image[:, 20:28] = 220, 220
    single = Crop(Path("a"), "ञ", image, "")
    bank = LetterBank([], NEPAL, [single])
    found = with_pasted_letters(upright(COMMON), bank, LETTERS, np.random.default_rng(1))
    assert [NEPAL.labels[c.index] for c in found.placed] == ["बा", "१", "ञ"]
    assert _edges(found.image_bgr, found.placed[2]) == 4
    assert found.placed[2].width == COMMON.placed[2].width
