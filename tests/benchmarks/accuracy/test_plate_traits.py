import cv2
import numpy as np
import pytest

from lpr_bench.accuracy.plate_traits import describe_plate, form_of, sharpness
from lpr_bench.base.frames import paint_plate
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.geometry import rectangle
from lpr_edge.text.grammar import Grammar
from lpr_edge.vision.plate_colour import colour_of

NEPAL = load_country("nepal")
GRAMMAR = Grammar(NEPAL)


def plate() -> Image:
    """A crisp plate of the commonest colour, 128 pixels wide."""
    image = paint_plate(NEPAL, ("बा ७९ प", "५००७"))
    return np.asarray(cv2.resize(image, (128, 64), interpolation=cv2.INTER_AREA), np.uint8)


def label(*rows: str) -> PlateLabel:
    return PlateLabel(rectangle((64, 128)), rows, "full", "devanagari", "car")


def test_blur_lowers_sharpness() -> None:
    """The more a plate is smeared the less sharp it is, however dark the picture."""
    crisp, soft, smeared = (
        sharpness(np.asarray(cv2.GaussianBlur(plate(), (0, 0), s), np.uint8)) or 0.0 for s in (0.1, 1.5, 4.0)
    )
    assert crisp > soft > smeared
    assert sharpness((plate() // 3).astype(np.uint8)) == pytest.approx(crisp, rel=0.15)


def test_a_blank_plate_has_no_look() -> None:
    """Without contrast neither sharpness nor colour is made up."""
    blank = np.full((64, 128, 3), 90, np.uint8)
    assert (sharpness(blank), colour_of(blank, NEPAL)) == (None, "")


@pytest.mark.parametrize("name", ["red", "black", "yellow", "embossed white"])
@pytest.mark.parametrize("light", [0.5, 1.0])
def test_colours_are_told_from_each_other(name: str, light: float) -> None:
    """A painted plate has the colour that it was painted in, in the shade too."""
    colour = next(colour for colour in NEPAL.colours if colour.name == name)
    picture = np.full((64, 128, 3), colour.plate_rgb[::-1], np.uint8)
    for place in range(10, 120, 22):
        cv2.rectangle(picture, (place, 16), (place + 10, 48), colour.text_rgb[::-1], -1)
    assert colour_of((picture * light).astype(np.uint8), NEPAL) == name


def test_form_of_a_label() -> None:
    """The grammar's form; none where a sign can't be read, is no label, or no form allows the text."""
    assert form_of(label("बा७९प", "५००७"), GRAMMAR) == "zonal"
    assert [form_of(label(text), GRAMMAR) for text in ("बा?प", "Ω1", "पप")] == ["", "", ""]


def test_a_plate_is_described_in_its_photograph() -> None:
    """Form, colour, sharpness and whether it was seen come together; corners without an area leave the look empty."""
    traits = describe_plate(label("बा७९प", "५००७"), plate(), GRAMMAR, True)
    assert (traits.form, traits.colour, traits.seen) == ("zonal", "red", True)
    assert traits.sharpness is not None
    flat = PlateLabel(np.zeros((4, 2), np.float32), ("बा७९प",), "full", "devanagari", "car")
    assert describe_plate(flat, plate(), GRAMMAR, False).sharpness is None
