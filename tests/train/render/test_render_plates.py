"""Rendered plates: what they say, where it stands, and that chance is the seed's alone."""

import cv2
import numpy as np
import pytest
from tests.support.islands import islands

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import rectify
from lpr_train.render.draw.degrade import CAMERA, LIGHT, degrade
from lpr_train.render.draw.photograph import photograph
from lpr_train.render.plate.composing import choose_colour, compose, vary_marks, word
from lpr_train.render.plate.plates import PlateRenderer, RenderedPlate


@pytest.fixture(scope="module")
def nepal() -> Country:
    """The country that lpr carries."""
    return load_country("nepal")


@pytest.fixture(scope="module")
def renderer(nepal: Country) -> PlateRenderer:
    """Draws its plates."""
    return PlateRenderer(nepal)


@pytest.fixture(scope="module")
def plates(renderer: PlateRenderer) -> list[RenderedPlate]:
    """Plates of all forms."""
    rng = np.random.default_rng(11)
    return [renderer.render(rng) for _ in range(60)]


def test_same_seed_same_plate(renderer: PlateRenderer, nepal: Country) -> None:
    """A plate is a function of its generator's state, in this renderer or in a new one."""
    other = PlateRenderer(nepal)
    for seed in range(8):
        one, two = renderer.render(np.random.default_rng(seed)), other.render(np.random.default_rng(seed))
        assert np.array_equal(one.image_bgr, two.image_bgr)
        assert one.boxes == two.boxes


def test_boxes_lie_inside_the_picture_and_follow_the_rows(plates: list[RenderedPlate]) -> None:
    """Each label has a box inside the picture; boxes stand row by row, left to right."""
    for plate in plates:
        height, width = plate.image_bgr.shape[:2]
        assert [box.label for box in plate.boxes] == [label for row in plate.rows for label in row]
        assert [box.row for box in plate.boxes] == [i for i, row in enumerate(plate.rows) for _ in row]
        for box in plate.boxes:
            assert 0 <= box.x <= box.x + box.w <= width
            assert 0 <= box.y <= box.y + box.h <= height
            assert box.w >= 1
            assert box.h >= 1


def test_rows_run_left_to_right_and_top_to_bottom(plates: list[RenderedPlate]) -> None:
    """A reader that orders middles by row and x gets the text back."""
    for plate in plates:
        for index in range(len(plate.rows)):
            middles = [box.x + box.w / 2 for box in plate.boxes if box.row == index]
            assert middles == sorted(middles)
        means = [np.mean([b.y + b.h / 2 for b in plate.boxes if b.row == i]) for i in range(len(plate.rows))]
        assert means == sorted(means)


def test_boxes_hold_paint() -> None:
    """Where a box is, the picture isn't bare: on a clean plate, a box's brightness varies far more than a plate's."""
    renderer = PlateRenderer(islands())
    spreads = []
    for seed in range(30):
        plate = renderer.render(np.random.default_rng(seed))
        grey = plate.image_bgr.mean(axis=2)
        spreads += [grey[int(b.y) : int(b.y + b.h), int(b.x) : int(b.x + b.w)].std() for b in plate.boxes]
    assert np.median(spreads) > 35
    assert np.quantile(spreads, 0.05) > 8


def test_given_text_is_rendered_as_it_is(renderer: PlateRenderer) -> None:
    """Rows, labels and their order are the text's; dots and spaces are decoration."""
    plate = renderer.render(np.random.default_rng(4), text="बा. ७९ प\n५००७")
    assert plate.rows == (("बा", "७", "९", "प"), ("५", "०", "०", "७"))
    assert [box.label for box in plate.boxes] == list("७९प५००७") or plate.boxes[0].label == "बा"
    assert renderer.render(np.random.default_rng(4), text=["BA1HA", "4085"]).rows == (tuple("BA1HA"), tuple("4085"))


def test_text_with_an_unknown_character_is_refused(renderer: PlateRenderer) -> None:
    """The error names the character and the country."""
    with pytest.raises(LprError, match=r"'é'.*no label of nepal"):
        renderer.render(np.random.default_rng(1), text="बा१é")


def test_only_the_form_asked_for_is_rendered(renderer: PlateRenderer, nepal: Country) -> None:
    """Each form with a layout can be asked for; an unknown one is named with those there are."""
    rng = np.random.default_rng(2)
    for form in {layout.form for layout in nepal.layouts}:
        assert renderer.render(rng, form=form).form == form
    with pytest.raises(ValueError, match="no layout for 'lunar'"):
        renderer.render(rng, form="lunar")


def test_every_label_gets_onto_plates(nepal: Country) -> None:
    """Shares leave no label out: whatever a reader knows, it was shown."""
    rng = np.random.default_rng(6)
    shown = {label for _ in range(6000) for row in compose(nepal, rng).labels for label in row}
    assert shown == set(nepal.labels)


def test_a_bilingual_plate_says_the_same_twice(nepal: Country) -> None:
    """Some plates have a row in Latin letters: the transliteration of those in Devanagari."""
    rng = np.random.default_rng(9)
    drawn = [compose(nepal, rng, "zonal").labels for _ in range(400)]
    twins = [rows for rows in drawn if rows[-1][0].isascii()]
    assert twins
    for rows in twins:
        own = tuple(label for row in rows[:-1] for label in row)
        assert "".join(rows[-1]) == nepal.transliterate(own)


def test_common_labels_are_common(nepal: Country) -> None:
    """Zones come by their shares: बा and को far more often than the rest."""
    rng = np.random.default_rng(7)
    first = [compose(nepal, rng, "zonal").labels[0][0] for _ in range(2000)]
    assert first.count("बा") > 350
    assert first.count("को") > 200
    assert first.count("रा") < 120


def test_class_letters_wear_their_colours(nepal: Country) -> None:
    """A private plate is mostly red, a government one mostly white, an embossed one never red."""
    rng = np.random.default_rng(8)
    private = [choose_colour(nepal, word(nepal, "बा१प\n१२३४"), rng).name for _ in range(200)]
    government = [choose_colour(nepal, word(nepal, "बा१झ\n१२३४"), rng).name for _ in range(200)]
    embossed = [choose_colour(nepal, compose(nepal, rng, "embossed"), rng).name for _ in range(50)]
    assert private.count("red") > 150
    assert government.count("white") > 150
    assert set(embossed) == {"embossed white"}


def test_marks_vary_and_labels_stay(nepal: Country) -> None:
    """Painters put dots where they like, but the labels and their order are the plate's."""
    rng = np.random.default_rng(9)
    row = word(nepal, "बा. ७९ प").rows[0]
    varied = [vary_marks(row, rng) for _ in range(60)]
    assert all([s.text for s in signs if s.is_label] == ["बा", "७", "९", "प"] for signs in varied)
    assert len({tuple(sign.text for sign in signs) for signs in varied}) > 10


def test_latin_country_renders() -> None:
    """One row, Latin, blue: nothing in the renderer asks for Nepal."""
    plate = PlateRenderer(islands()).render(np.random.default_rng(3))
    assert plate.form == "usual"
    assert len(plate.rows) == 1
    assert plate.image_bgr.shape[1] > 1.5 * plate.image_bgr.shape[0]


def test_round_corners_are_outside_the_plate(plates: list[RenderedPlate]) -> None:
    """The alpha is full in the middle, and the corners of some plates are cut off."""
    for plate in plates:
        height, width = plate.alpha.shape
        assert plate.alpha[height // 2, width // 2] == 255
        assert plate.alpha.shape == plate.image_bgr.shape[:2]
    assert sum(plate.alpha[0, 0] == 0 for plate in plates) > 12


def test_photographs_show_the_plate_where_they_say(plates: list[RenderedPlate]) -> None:
    """Rectified by its corners, a photograph shows the plate again, small or large, and all corners lie within it."""
    alike = []
    for index, plate in enumerate(plates):
        image, quad = photograph(plate.image_bgr, np.random.default_rng(index))
        assert (quad >= 0).all()
        assert (quad <= (image.shape[1], image.shape[0])).all()
        shown, drawn = rectify(image, quad, (48, 96)), cv2.resize(plate.image_bgr, (96, 48))
        alike.append(np.corrcoef(shown.ravel(), drawn.ravel())[0, 1])
    assert np.median(alike) > 0.85


@pytest.mark.parametrize("effect", [effect for effect, _ in (*LIGHT, *CAMERA)])
def test_effects_keep_size_and_type(effect: object, plates: list[RenderedPlate]) -> None:
    """Every effect gives a new uint8 picture of the same size, and repeats itself with the same numbers."""
    assert callable(effect)
    image = plates[1].image_bgr
    before = image.copy()
    one, two = (effect(image, np.random.default_rng(5), 1.0) for _ in range(2))
    assert one.shape == image.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)
    assert np.array_equal(image, before)


def test_degraded_plates_keep_something_to_see(plates: list[RenderedPlate]) -> None:
    """Effects never add up to a blank picture."""
    for index, plate in enumerate(plates):
        found = degrade(plate.image_bgr, np.random.default_rng(index), 1.0)
        assert found.std() > 2


def test_latin_spellings_are_painted_with_small_letters_now_and_then(nepal: Country) -> None:
    """`Ba 1 Kha` is labelled `BA1KHA`; a syllable's first letter and a pressed plate's series stay capital."""
    rng = np.random.default_rng(2)
    rows = [row for _ in range(40) for row in compose(nepal, rng, "zonal, latin").rows]
    small = [sign for row in rows for sign in row if sign.shown]
    assert small
    assert all(sign.painted == sign.text.lower() for sign in small)
    assert not any(row[0].shown for row in rows)
    pressed = [sign for _ in range(40) for row in compose(nepal, rng, "embossed").rows for sign in row]
    assert not any(sign.shown for sign in pressed)
