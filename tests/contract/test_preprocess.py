"""From a picture to a network's input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr_edge.contract.base.arrays import AnyArray
from lpr_edge.contract.preprocess import (
    PADDING,
    InputSpec,
    prepare,
    prepare_plate,
    rows_of,
    to_picture,
    write_frame,
    write_input,
)

LETTERBOX = InputSpec((64, 64), 3, "rgb", "letterbox")
GREY = InputSpec((48, 96), 1, "gray", "stretch")


def test_letterbox_keeps_the_shape_and_pads_right_and_below() -> None:
    """A wide picture fills the width; what is left is the padding's grey."""
    picture = np.full((100, 200, 3), 255, np.uint8)
    pixels = prepare(picture, LETTERBOX).pixels[0]
    assert (pixels[:32] == 255).all()
    assert (pixels[32:] == PADDING).all()


def test_colours_come_out_in_the_networks_order() -> None:
    """OpenCV's blue is the last channel of an RGB input."""
    blue = np.zeros((64, 64, 3), np.uint8)
    blue[..., 0] = 200
    assert prepare(blue, LETTERBOX).pixels[0, 0, 0].tolist() == [0, 0, 200]


@pytest.mark.parametrize("shape", [(30, 40), (30, 40, 1), (30, 40, 3)], ids=["flat", "one channel", "colour"])
@pytest.mark.parametrize("spec", [LETTERBOX, GREY], ids=["rgb", "gray"])
def test_grey_and_colour_pictures_fit_both_kinds_of_network(shape: tuple[int, ...], spec: InputSpec) -> None:
    """Cameras give either; the network's input has its own shape."""
    pixels = prepare(np.full(shape, 9, np.uint8), spec).pixels
    assert pixels.shape == (1, *spec.size_hw, spec.channels)
    assert pixels[0, 0, 0, 0] == 9


@given(st.integers(1, 400), st.integers(1, 400), st.floats(0, 1), st.floats(0, 1))
def test_points_find_their_way_back(height: int, width: int, x: float, y: float) -> None:
    """A point in the input maps to the same share of the picture, whatever its size."""
    prepared = prepare(np.zeros((height, width, 3), np.uint8), LETTERBOX)
    inside = np.array([[x * width * prepared.scale_xy[0], y * height * prepared.scale_xy[1]]], np.float32)
    np.testing.assert_allclose(prepared.to_picture(inside), [[x * width, y * height]], atol=0.05)


@pytest.mark.parametrize(
    "picture", [np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5, 3), np.uint16)], ids=["empty", "16 bit"]
)
def test_what_is_no_picture_of_bytes_is_refused(picture: AnyArray) -> None:
    """An empty picture or one of 16 bits is a programmer's mistake, named with what was found."""
    with pytest.raises(ValueError, match="expected a picture of bytes"):
        prepare(picture, LETTERBOX)


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([LETTERBOX, GREY]))
def test_an_array_is_written_whole(height: int, width: int, spec: InputSpec) -> None:
    """Nothing stays of what an input held before, whatever the picture's shape."""
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    used = np.full((*spec.size_hw, spec.channels), 77, np.uint8)
    scale_xy = write_input(picture, spec, used)
    prepared = prepare(picture, spec)
    np.testing.assert_array_equal(used, prepared.pixels[0])
    assert scale_xy == prepared.scale_xy


@given(st.integers(1, 600), st.integers(1, 600), st.floats(0, 1), st.floats(0, 1))
def test_points_of_a_halved_frame_find_their_way_back(height: int, width: int, x: float, y: float) -> None:
    """Odd rows and columns that halving leaves out don't move what lies before them: the scale is exact."""
    pixels = np.empty((*LETTERBOX.size_hw, 3), np.uint8)
    scale_xy = write_frame(np.zeros((height, width, 3), np.uint8), LETTERBOX, pixels)
    whole = prepare(np.zeros((height, width, 3), np.uint8), LETTERBOX).scale_xy
    assert scale_xy[0] * width == pytest.approx(whole[0] * width, abs=scale_xy[0] * 15 + 1e-6)
    at = np.array([x * width, y * height]) * scale_xy
    np.testing.assert_allclose(to_picture(at.astype(np.float32), scale_xy), [x * width, y * height], atol=0.05)


@pytest.mark.parametrize("size_hw", [(64, 64), (48, 64), (100, 120), (128, 128)])
def test_frames_up_to_twice_as_large_are_prepared_as_pictures_are(size_hw: tuple[int, int]) -> None:
    """Halving begins where sampling would skip pixels; up to there a frame is the same to the byte."""
    frame = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), np.uint8)
    pixels = np.empty((*LETTERBOX.size_hw, 3), np.uint8)
    assert write_frame(frame, LETTERBOX, pixels) == prepare(frame, LETTERBOX).scale_xy
    np.testing.assert_array_equal(pixels, prepare(frame, LETTERBOX).pixels[0])


def test_a_large_frame_is_averaged() -> None:
    """Every pixel counts, as in a picture that is prepared whole: stripes become grey, not stripes."""
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:, ::2] = 200
    pixels = np.empty((*LETTERBOX.size_hw, 3), np.uint8)
    write_frame(frame, LETTERBOX, pixels)
    assert np.abs(pixels[:48].astype(int) - 100).max() <= 2


@pytest.mark.parametrize(("size_hw", "rows"), [((480, 640), 64), ((200, 640), 64), ((120, 640), 32), ((640, 480), 64)])
def test_rows_hold_the_picture(size_hw: tuple[int, int], rows: int) -> None:
    """Whole steps of rows for a letterboxed picture and some padding below; all of them for an upright one."""
    picture = np.full((*size_hw, 3), 200, np.uint8)
    assert rows_of(picture, LETTERBOX) == rows
    assert (prepare(picture, LETTERBOX).pixels[0, rows:] == PADDING).all()


def test_a_plate_is_cut_out_with_its_margin() -> None:
    """The margin shows what lies around the corners."""
    frame = np.zeros((100, 200, 3), np.uint8)
    frame[25:75, 50:150] = 255
    quad = np.array([[50, 25], [150, 25], [150, 75], [50, 75]], np.float32)
    tight = prepare_plate(frame, quad, GREY, 0.0).pixels[0, ..., 0]
    loose = prepare_plate(frame, quad, GREY, 0.25).pixels[0, ..., 0]
    assert tight.min() > 250
    assert loose[24, 2] < 10 < 240 < loose[24, 48]


def test_a_spec_survives_json() -> None:
    """Specs travel in manifests as plain values."""
    assert InputSpec.from_dict(GREY.to_dict()) == GREY
