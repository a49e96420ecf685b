"""What is painted is the country's: a second country gets nothing of Nepal's, and what its own file names."""

from typing import Any

import numpy as np
import pytest
from tests.support.islands import ISLANDS

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country, country_from_dict
from lpr_train.render.plate import blanks, plates
from lpr_train.render.plate.faces import FontSource
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.painted import PaintedSource
from lpr_train.render.plate.plates import PlateRenderer
from lpr_train.render.plate.style import LATIN_FONTS, Area, style_of

TWO_ROWS = [{"form": "usual", "weight": 1, "rows": ["{parish}", "{number}"], "scale": [1.0, 1.0]}]
PRESSED = [{"name": "grey", "plate": [200, 200, 200], "text": [20, 20, 20], "weight": 1, "pressed": True}]
TRIANGLE = {"weight": 1, "points": [[0, 0], [1, 0.5], [0, 1]]}
STICKER = {"share": 1, "grounds": [[0, 255, 0]], "inks": [[255, 0, 255]], "emblems": [TRIANGLE]}


def islands(render: dict[str, Any] | None = None) -> Country:
    """A Latin country whose plates have two rows and are pressed, with its own `[render]`."""
    own = {} if render is None else {"render": render}
    return country_from_dict(ISLANDS | {"layouts": TWO_ROWS, "colours": PRESSED} | own)


@pytest.fixture
def extras(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is stuck or printed on plates beside their text, as it happens."""
    seen: list[str] = []
    monkeypatch.setattr(blanks, "draw_sticker", lambda *_: seen.append("sticker"))
    monkeypatch.setattr(plates, "_draw_hologram", lambda *_: seen.append("hologram"))
    monkeypatch.setattr(plates, "title_glyph", lambda text: seen.append(text))
    return seen


def test_another_country_has_no_pennant_and_no_header(extras: list[str]) -> None:
    """A country that names no sticker and no header has neither, on 40 pressed plates of two rows."""
    renderer = PlateRenderer(islands())
    for seed in range(40):
        renderer.render(np.random.default_rng(seed))
    assert extras == []


def test_nepal_has_its_own(extras: list[str]) -> None:
    """Nepal's embossed plates have a province or the title above, holograms, and now and then its pennant."""
    renderer = PlateRenderer(load_country("nepal"))
    for seed in range(200):
        renderer.render(np.random.default_rng(seed), form="embossed")
    assert {"sticker", "hologram", "NEPAL", "BAGMATI"} <= set(extras)


def test_another_country_has_what_its_file_says(extras: list[str]) -> None:
    """Stickers and headers of a country's own file are drawn at their shares."""
    renderer = PlateRenderer(islands({"sticker": STICKER, "header": {"hologram_share": 1}}))
    for seed in range(5):
        renderer.render(np.random.default_rng(seed))
    assert extras.count("sticker") == extras.count("hologram") == 5
    assert "ISLANDS" in extras


def test_a_sticker_has_the_colours_of_the_file() -> None:
    """A sticker's ground and emblem are painted in the colours that the file gives, as RGB."""
    sticker = style_of(islands({"sticker": STICKER})).sticker
    assert sticker
    image = np.zeros((40, 60, 3), np.uint8)
    blanks.draw_sticker(image, Area(10, 5, 30, 30), sticker, None, np.random.default_rng(1))
    colours = {tuple(int(value) for value in pixel) for pixel in image[6:34, 11:39].reshape(-1, 3)}
    assert {(0, 255, 0), (255, 0, 255)} <= colours
    assert not image[:, 41:].any()


def test_fonts_and_alphabet_are_the_countrys() -> None:
    """A Latin country is drawn with Latin fonts and no painted digits; Nepal with its painters' digits, too."""
    latin, nepali = GlyphBook(islands())._sources, GlyphBook(load_country("nepal"))._sources
    assert [source.face for source in latin if isinstance(source, FontSource)] == list(LATIN_FONTS)
    assert not any(isinstance(source, PaintedSource) for source in latin)
    assert any(isinstance(source, PaintedSource) for source in nepali)
    named = style_of(islands({"fonts": [{"family": "Teko", "weight": 600}]})).fonts
    assert [font.family for font in named] == ["Teko"]


def test_hard_negatives_have_the_colour_of_the_countrys_plates() -> None:
    """Boxes that a detector must not take for plates are near the most common plate's colour."""
    low, high = style_of(country_from_dict(ISLANDS)).hard_negatives
    assert all(bottom <= value <= top for bottom, value, top in zip(low, (20, 40, 150), high, strict=True))


@pytest.mark.parametrize(
    ("render", "message"),
    [
        ({"font": []}, r"\[render\] of the country islands has the unknown key `font`. Did you mean `fonts`\?"),
        ({"sticker": {"shares": 1}}, r"\[render.sticker\] .* `shares`. Did you mean `share`\?"),
        ({"fonts": [{"name": "Teko"}]}, r"\[render\] of the country islands can't be used \(TypeError: .*new-country"),
        ({"sticker": {"share": 1}}, r"can't be used \(KeyError: 'emblems'\)"),
    ],
)
def test_mistakes_are_named(render: dict[str, Any], message: str) -> None:
    """An unknown key names its nearest; what is missing or of another form points to the page."""
    with pytest.raises(LprError, match=message):
        style_of(islands(render))


def test_an_unknown_alphabet_is_refused() -> None:
    """A painted alphabet that lpr-train doesn't have, and that is no file, is an error with the known names."""
    with pytest.raises(LprError, match=r"no painted alphabet 'klingon' .* known are devanagari"):
        GlyphBook(islands({"alphabet": "klingon"}))
