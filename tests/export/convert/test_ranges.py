"""Activation ranges of two halves against values worked out by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lpr_export.calibration.split_half import range_difference
from lpr_export.convert.quantize import Calibrated, merge


def calibrated(**ranges: tuple[float, float] | None) -> Calibrated:
    """A model of which only its tensors' ranges matter; None is a tensor that isn't watched."""
    tensors: list[Any] = []
    for name, bounds in ranges.items():
        values = [] if bounds is None else [np.asarray([bound], np.float32) for bound in bounds]
        low, high = values or (None, None)
        tensors.append(SimpleNamespace(name=name.encode(), quantization=SimpleNamespace(min=low, max=high)))
    return Calibrated(SimpleNamespace(subgraphs=[SimpleNamespace(tensors=tensors)]))


def test_merged_ranges_are_the_least_and_the_greatest() -> None:
    """Each bound comes from the half that went further; neither half changes."""
    a, b = calibrated(x=(-1.0, 2.0), y=(0.0, 6.0), w=None), calibrated(x=(-3.0, 1.0), y=(0.5, 5.0), w=None)
    assert merge(a, b).ranges == {"x": (-3.0, 2.0), "y": (0.0, 6.0)}
    assert merge(b, a).ranges == merge(a, b).ranges
    assert (a.ranges["x"], b.ranges["x"]) == ((-1.0, 2.0), (-3.0, 1.0))
    assert merge(a, a).ranges == a.ranges


def test_how_far_ranges_are_apart() -> None:
    """The larger difference of a bound, by the width of both together, of the layer where it is largest."""
    a = {"one/x": (-1.0, 3.0), "two/y": (0.0, 6.0)}
    b = {"one/x": (-2.0, 2.5), "two/y": (0.0, 3.0), "three/z": (0.0, 1.0)}
    apart, layer = range_difference(a, b)
    assert apart == pytest.approx(3.0 / 6.0)
    assert layer == "two/y"
    assert range_difference({"x": (-1.0, 3.0)}, {"x": (-2.0, 2.5)})[0] == pytest.approx(1.0 / 5.0)


def test_ranges_that_are_the_same_are_not_apart() -> None:
    """Nor is a tensor that is always one value, or no tensor at all."""
    assert range_difference({"x": (0.0, 1.0)}, {"x": (0.0, 1.0)})[0] == 0.0
    assert range_difference({"x": (2.0, 2.0)}, {"x": (2.0, 2.0)})[0] == 0.0
    assert range_difference({}, {"x": (0.0, 1.0)}) == (0.0, "")
