"""Targets of the networks of peaks, read back by the device's own decoding."""

import numpy as np
import pytest

from lpr_edge.contract.geometry import quad_iou, roll_quad
from lpr_edge.contract.outputs import decode_characters, decode_plates
from lpr_edge.contract.rows import group_rows
from lpr_train.targets.heat_maps import PlacedCharacter, character_targets, plate_targets

UPRIGHT = np.array([[60, 80], [160, 84], [158, 134], [58, 130]], np.float32)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_perfect_detector_would_find_the_labelled_corners(turn: int) -> None:
    """Targets, decoded as a network's outputs are, give the plate back, its own top left first."""
    quad = roll_quad(UPRIGHT, turn)
    targets = plate_targets([quad], [], (256, 256), 8)
    heads = {
        "centre": targets["centre"][..., :1],
        "corners": targets["corners"][..., :8],
        "turn": targets["turn"][..., :4],
    }
    (box,) = decode_plates(heads, (256, 256), {"score": 0.9, "overlap": 0.3})
    np.testing.assert_allclose(box.quad_xy, quad, atol=0.05)


def test_two_plates_side_by_side_keep_their_own_corners() -> None:
    """Neighbours' peaks don't blur into each other."""
    other = UPRIGHT + np.array([0, 60], np.float32)
    targets = plate_targets([UPRIGHT, other], [], (256, 256), 8)
    heads = {
        "centre": targets["centre"][..., :1],
        "corners": targets["corners"][..., :8],
        "turn": targets["turn"][..., :4],
    }
    boxes = decode_plates(heads, (256, 256), {"score": 0.9, "overlap": 0.3})
    assert len(boxes) == 2
    assert all(max(quad_iou(box.quad_xy, quad) for quad in (UPRIGHT, other)) > 0.98 for box in boxes)


def test_nothing_is_asked_where_nobody_could_read() -> None:
    """An ignored plate takes its cells out of the loss, but not those of a plate that lies over it."""
    targets = plate_targets([], [UPRIGHT], (256, 256), 8)
    assert targets["centre"][13, 13, 1] == 0.0
    assert targets["centre"][2, 2, 1] == 1.0
    both = plate_targets([UPRIGHT], [UPRIGHT], (256, 256), 8)
    peak = np.unravel_index(both["centre"][..., 0].argmax(), (32, 32))
    assert both["centre"][peak][1] == 1.0


def test_a_plate_outside_the_view_is_no_target() -> None:
    """A centre beyond the edge draws nothing."""
    targets = plate_targets([UPRIGHT + 400], [], (256, 256), 8)
    assert targets["centre"][..., 0].max() == 0.0


def test_a_perfect_reader_would_read_the_placed_characters() -> None:
    """Targets of a reader, decoded as its outputs are, give rows and labels back."""
    placed = [
        PlacedCharacter(0, 0.2, 0.25, 0.15, 0.3),
        PlacedCharacter(1, 0.5, 0.25, 0.1, 0.3),
        PlacedCharacter(2, 0.3, 0.7, 0.2, 0.5),
    ]
    targets = character_targets(placed, (24, 48))
    logits = np.eye(3, dtype=np.float32)[targets["classes"][..., 0].astype(int)] * 9
    heads = {"centre": targets["centre"][..., :1], "classes": logits, "size": targets["size"][..., :2]}
    rows = group_rows(decode_characters(heads, "abc", {"peak": 0.9}))
    assert ["".join(c.label for c in row) for row in rows] == ["ab", "c"]


def test_an_unknown_size_isnt_asked_for() -> None:
    """A character without a size weighs nothing in the size's loss, and still in its class's."""
    targets = character_targets([PlacedCharacter(1, 0.5, 0.5, 0.0, 0.0)], (24, 48))
    assert targets["size"][..., 2].max() == 0.0
    assert targets["classes"][..., 1].max() == 1.0


def test_a_loose_box_asks_for_a_centre_alone() -> None:
    """Its peak is wanted even where it lies in what is ignored; corners and turn have no weight."""
    box = np.array([[96, 96], [128, 96], [128, 112], [96, 112]], np.float32)
    targets = plate_targets((), (box,), (384, 384), 8, loose=(box,))
    row, column = 104 // 8, 112 // 8
    assert targets["centre"][row, column].tolist() == [1.0, 1.0]
    assert targets["corners"][..., 8].max() == 0.0
    assert targets["turn"][..., 4].max() == 0.0
