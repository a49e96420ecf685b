"""Shapes of signs: every label has some, and none is another script's."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.islands import islands

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country, country_from_dict
from lpr_edge.contract.data.character_files import CharacterFile
from lpr_train.render.draw.shapes import Glyph, tight
from lpr_train.render.plate.cutouts import CutoutSource, cut_out, likely, load_cutouts
from lpr_train.render.plate.faces import FontSource, draw_text, font_sources, load_font
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.painted import BlockSource, PaintedSource, painted_sources
from lpr_train.render.plate.rounded import holes, rounded_sources
from lpr_train.render.plate.style import Face, style_of

FACES = style_of(load_country("nepal")).fonts


@pytest.fixture(scope="module")
def nepal() -> Country:
    """The country that lpr carries."""
    return load_country("nepal")


@pytest.fixture(scope="module")
def book(nepal: Country) -> GlyphBook:
    """Its shapes."""
    return GlyphBook(nepal)


def test_every_label_is_drawn_and_is_not_blank(book: GlyphBook, nepal: Country) -> None:
    """No label of the country comes out empty, or as one solid block."""
    rng = np.random.default_rng(1)
    for label in nepal.labels:
        for _ in range(4):
            covered = book.sample(label, rng).mask.mean() / 255
            assert 0.08 < covered < 0.97 or label == "I", label


def test_every_label_is_drawn_by_some_font(book: GlyphBook, nepal: Country) -> None:
    """Labels don't hang on cut-outs or on the painted alphabet, which has digits only."""
    for label in nepal.labels:
        assert any(source.draws(label) for source in font_sources(nepal, FACES)), label


def test_labels_differ_in_shape(nepal: Country) -> None:
    """In one font, no two labels of one script have the same shape."""
    source = FontSource(FACES[0], nepal)
    for group in ("digits", "letters"):
        shapes = {cv2.resize(source.glyph(label).mask, (32, 32)).tobytes() for label in nepal.groups[group]}
        assert len(shapes) == len(nepal.groups[group])


@pytest.mark.parametrize("family", ["Hind", "Poppins", "Rajdhani", "Teko"])
def test_fonts_with_latin_shapes_at_devanagari_digits_draw_letters_only(family: str, nepal: Country) -> None:
    """A font that shows 5 for ५ isn't asked for ५, while its letters are used."""
    source = FontSource(next(face for face in FACES if face.family == family), nepal)
    assert not any(source.draws(digit) for digit in nepal.groups["digits"])
    assert source.draws("बा")
    assert source.draws("5")


def test_language_changes_shapes() -> None:
    """Nepali forms of ५ and ८ differ from the font's default, so both kinds are learned."""
    for digit in "५८":
        nepali, default = draw_text(FACES[0], digit, "ne")[0], draw_text(FACES[0], digit, None)[0]
        assert nepali.shape != default.shape or (nepali != default).any()


def test_signs_above_the_head_line_reach_above_the_body(nepal: Country) -> None:
    """के's sign stands above 0, लु's hangs below 1, and a plain letter fills the body: rows line up."""
    source = FontSource(FACES[0], nepal)
    assert source.glyph("को").top < -0.1
    assert source.glyph("लु").bottom > 1.1
    plain = source.glyph("प")
    assert abs(plain.top) < 0.1
    assert abs(plain.bottom - 1) < 0.1


def test_unknown_label_is_a_clear_error(book: GlyphBook) -> None:
    """A label that no font has is named, with what to do."""
    with pytest.raises(LprError, match=r"no installed font draws the label '中' of nepal.*fontpkg"):
        book.sample("中", np.random.default_rng(1))


def test_missing_font_package_says_what_to_install() -> None:
    """A font that isn't installed names the extra that brings it."""
    with pytest.raises(LprError, match=r"'No Such Font' is not installed: pip install 'lpr\[train\]'"):
        load_font(Face("No Such Font", 700))


def test_same_numbers_give_the_same_shape_in_another_book(nepal: Country, book: GlyphBook) -> None:
    """What was drawn before doesn't change what is drawn next."""
    other = GlyphBook(nepal)
    warm = [book.sample("५", np.random.default_rng(seed)).mask for seed in range(20)]
    cold = [other.sample("५", np.random.default_rng(seed)).mask for seed in reversed(range(20))][::-1]
    assert all(np.array_equal(one, two) for one, two in zip(warm, cold, strict=True))


def test_a_hand_keeps_to_its_shapes(book: GlyphBook) -> None:
    """A painter without whims draws a digit the same way each time; two painters mostly don't."""
    rng = np.random.default_rng(3)
    hands = [book.hand(rng) for _ in range(40)]
    steady = [hand for hand in hands if hand.whim == 0]
    drawn = [[book.sample("७", rng, hand).mask for _ in range(3)] for hand in steady]
    assert all(np.array_equal(first, other) for first, *others in drawn for other in others)
    assert len({first.tobytes() for first, *_ in drawn}) > len(drawn) // 2


def test_painted_digits_have_variants(nepal: Country) -> None:
    """Every digit of the painted alphabet has several tries, in strokes and in blocks."""
    for source in painted_sources("devanagari"):
        assert isinstance(source, PaintedSource | BlockSource)
        for digit in nepal.groups["digits"]:
            shapes = {source.glyph(digit, variant).mask.tobytes() for variant in range(source.variants)}
            assert len(shapes) > source.variants // 2


def test_latin_country_has_shapes() -> None:
    """A country without Devanagari gets its shapes from Latin fonts."""
    book = GlyphBook(islands())
    assert all(book.sample(label, np.random.default_rng(1)).mask.any() for label in islands().labels)


def test_country_that_no_font_writes_is_refused_when_drawn() -> None:
    """The error comes with the label, not as a blank plate."""
    values = {"name": "han", "labels": {"digits": ["一"]}, "forms": [], "layouts": [], "colours": []}
    with pytest.raises(LprError, match="一"):
        GlyphBook(country_from_dict(values)).sample("一", np.random.default_rng(0))


def test_an_empty_mask_has_no_shape() -> None:
    """A programmer's mistake is a ValueError."""
    with pytest.raises(ValueError, match="empty mask"):
        tight(np.zeros((5, 5), np.uint8))


def _crop(text: str, ink: int, ground: int) -> Image:
    """A picture of a character as the data set has them."""
    mask = draw_text(FACES[0], text, "ne")[0]
    framed = cv2.copyMakeBorder(mask, 14, 14, 14, 14, cv2.BORDER_CONSTANT)
    grey = ground + (ink - ground) * (framed / 255.0)
    return np.asarray(np.repeat(grey[..., None], 3, axis=2), np.uint8)


@pytest.mark.parametrize(("ink", "ground"), [(230, 60), (40, 220)])
def test_cut_outs_have_the_characters_shape(ink: int, ground: int) -> None:
    """Bright paint on a dark plate or the other way round: the mask is the character's."""
    mask = cut_out(_crop("४", ink, ground))
    assert mask is not None
    expected = draw_text(FACES[0], "४", "ne")[0]
    same = (cv2.resize(mask, (64, 64)) > 127) == (cv2.resize(expected, (64, 64)) > 127)
    assert same.mean() > 0.93


def test_crops_without_contrast_are_not_cut_out() -> None:
    """Noise and fog give no shape rather than a wrong one."""
    assert cut_out(_crop("४", 120, 100)) is None
    assert cut_out(np.full((10, 10, 3), 90, np.uint8)) is None


def test_cut_outs_come_from_files_and_are_drawn_with(tmp_path: Path, nepal: Country) -> None:
    """A glyph book with cut-outs draws them; a label without any is drawn all the same."""
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), _crop("४", 230, 60))
    cutouts = load_cutouts([CharacterFile(path, "४")])
    assert cutouts.draws("४")
    assert not cutouts.draws("३")
    book = GlyphBook(nepal, cutouts)
    rng = np.random.default_rng(5)
    own = cutouts.glyph("४", 0).mask
    assert any(np.array_equal(book.sample("४", rng, book.hand(rng)).mask, own) for _ in range(60))
    assert book.sample("३", rng).mask.any()


def test_cut_outs_unlike_their_label_are_left_out(nepal: Country) -> None:
    """A blob or another character among a label's cut-outs isn't drawn with; a true one is."""
    source = FontSource(FACES[0], nepal)
    true, false, blob = source.glyph("४"), source.glyph("८"), Glyph(np.full((40, 30), 255, np.uint8))
    assert likely(CutoutSource({"४": [true, false, blob]}), font_sources(nepal, FACES)).shapes == {"४": [true]}


def test_cut_out_variants_wrap_round() -> None:
    """Any variant number finds a shape."""
    glyph = Glyph(np.full((4, 4), 255, np.uint8))
    assert CutoutSource({"१": [glyph]}).glyph("१", 149) is glyph


def test_the_rounded_face_keeps_every_hole(nepal: Country) -> None:
    """Thicker strokes never close a digit's hole: ४ stays ४."""
    for source in (source for source in rounded_sources(nepal, FACES) if source.draws("४")):
        for variant in range(source.variants):
            assert holes(source.glyph("४", variant).mask) == 1
            assert holes(source.glyph("०", variant).mask) == 1


def test_the_rounded_face_has_thicker_strokes_and_round_corners(nepal: Country) -> None:
    """Its last variant covers more than its first, and a stroke's corner is empty."""
    source = rounded_sources(nepal, FACES)[0]
    thin, thick = (source.glyph("८", variant).mask for variant in (0, source.variants - 1))
    assert thick.mean() > thin.mean()
    assert thick[0, 0] == 0
