"""Finding where known characters stand, by the reader's own outputs."""

from dataclasses import replace

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_train.targets.forced_alignment import align_characters
from lpr_train.targets.heat_maps import PlacedCharacter, character_targets

GRID = (24, 48)


def outputs(placed: list[PlacedCharacter], labels: int = 5, sure: float = 6.0) -> dict[str, Floats]:
    """What a reader that sees those characters would answer."""
    targets = character_targets(placed, GRID)
    logits = np.eye(labels, dtype=np.float32)[targets["classes"][..., 0].astype(int)] * sure
    return {"centre": targets["centre"][..., :1], "classes": logits, "size": targets["size"][..., :2]}


def row(labels: list[int], y: float) -> list[PlacedCharacter]:
    """Characters evenly spread in a row."""
    return [PlacedCharacter(label, (i + 0.5) / len(labels), y, 0.12, 0.3) for i, label in enumerate(labels)]


def test_known_rows_find_their_peaks() -> None:
    """Two rows, the same label twice in one: each character is placed on its own peak, in reading order."""
    true = [*row([0, 1, 1], 0.25), *row([2, 3, 2, 4], 0.72)]
    found = align_characters(outputs(true), [[0, 1, 1], [2, 3, 2, 4]])
    assert found is not None
    assert [c.index for c in found] == [0, 1, 1, 2, 3, 2, 4]
    for wanted, got in zip(true, found, strict=True):
        assert abs(wanted.x - got.x) < 1 / 48
        assert abs(wanted.y - got.y) < 1 / 24


def test_three_rows_are_cut_where_the_network_sees_them() -> None:
    """A thin header over two thicker rows."""
    true = [*row([0, 1], 0.12), *row([2, 3], 0.42), *row([4, 4, 1], 0.8)]
    found = align_characters(outputs(true), [[0, 1], [2, 3], [4, 4, 1]])
    assert found is not None
    assert [round(c.y, 1) for c in found] == [0.1, 0.1, 0.4, 0.4, 0.8, 0.8, 0.8]


def test_one_misread_character_is_placed_where_it_must_stand() -> None:
    """The network takes a 1 for a 3: its place is still found, between its neighbours."""
    seen = row([0, 3, 2, 4, 4, 1], 0.5)
    found = align_characters(outputs(seen, sure=4.0), [[0, 1, 2, 4, 4, 1]])
    assert found is not None
    assert abs(found[1].x - seen[1].x) < 1 / 48


def test_a_faint_row_is_not_found_in_another_that_says_the_same() -> None:
    """Of को१५प over १५४४ the small १५ is faint: it still stands between its neighbours, not on the large one."""
    small, large = row([4, 0, 1, 3], 0.25), row([0, 1, 2, 2], 0.7)
    heads = outputs([*small, *large])
    top = heads["centre"][:12, 12:36]
    top *= 0.1
    found = align_characters(heads, [[4, 0, 1, 3], [0, 1, 2, 2]])
    assert found is not None
    for wanted, got in zip([*small, *large], found, strict=True):
        assert abs(wanted.x - got.x) < 1 / 48
        assert abs(wanted.y - got.y) < 1 / 24


def test_a_doubled_character_is_found_twice() -> None:
    """The second of two alike is faint: the first one's flank isn't taken for it."""
    true = row([4, 2, 2, 3], 0.5)
    heads = outputs(true)
    second = heads["centre"][:, 27:34]
    second *= 0.02
    found = align_characters(heads, [[4, 2, 2, 3]])
    assert found is not None
    assert found[2].x - found[1].x > 0.12


def test_a_slanting_row_is_followed() -> None:
    """A row that rises over the plate's width is one row still."""
    true = [replace(c, y=0.3 - 0.15 * (c.x - 0.5)) for c in row([0, 1, 1, 3], 0.3)]
    below = [replace(c, y=0.75 - 0.15 * (c.x - 0.5)) for c in row([2, 3, 2, 4], 0.7)]
    found = align_characters(outputs([*true, *below]), [[0, 1, 1, 3], [2, 3, 2, 4]])
    assert found is not None
    for wanted, got in zip([*true, *below], found, strict=True):
        assert abs(wanted.x - got.x) < 1 / 48
        assert abs(wanted.y - got.y) < 1 / 24


def test_another_plates_text_isnt_believed() -> None:
    """A text that the network sees nothing of gives no places."""
    assert align_characters(outputs(row([0, 1, 2], 0.5)), [[4, 4, 4, 4, 4], [3, 3, 3, 3]]) is None


def test_more_characters_than_fit_give_none() -> None:
    """A row longer than the grid can hold is refused, not squeezed."""
    assert align_characters(outputs(row([0, 1], 0.5)), [[0] * 40]) is None
