"""Which samples a run stores to calibrate and to prove an exported model on."""

import numpy as np
import pytest

from lpr_edge.contract.run.samples import Samples
from lpr_train.base.stored_samples import calibration_samples, proving_samples


def samples(count: int, source: str) -> Samples:
    pictures = tuple(np.zeros((2, 2, 1), np.uint8) for _ in range(count))
    return Samples(
        pictures, source, tuple(f"{source} {n}" for n in range(count)), tuple(source for _ in range(count)), 3
    )


def rendered(count: int) -> Samples:
    return samples(count, "rendered")


def test_few_real_samples_are_filled_up() -> None:
    """An export needs fifty: a user with thirty held-out plates can export all the same."""
    found = proving_samples(samples(30, "plates, held out"), rendered, 300)
    assert (len(found.pictures), len(set(found.sha256)), found.seed) == (100, 100, 3)
    assert found.source == "plates and rendered, held out"
    assert found.truth is not None
    assert (found.truth[29], found.truth[30]) == ("plates, held out", "rendered")


def test_enough_real_samples_stay_alone() -> None:
    """Rendered ones would only make the proof weaker; without real ones all are rendered."""
    assert proving_samples(samples(100, "plates, held out"), rendered, 300).source == "plates, held out"
    assert len(proving_samples(samples(30, "plates, held out"), rendered, 30).pictures) == 30
    assert len(proving_samples(None, rendered, 40).pictures) == 40


@pytest.mark.parametrize(
    ("real", "count", "stored", "source"),
    [
        (40, 200, 300, "plates and rendered, training split"),
        (185, 200, 300, "plates and rendered, training split"),
        (200, 200, 200, "plates, training split"),
        (300, 1000, 300, "plates, training split"),
        (3, 4, 6, "plates and rendered, training split"),
        (4, 4, 4, "plates, training split"),
    ],
)
def test_few_samples_to_calibrate_on_are_filled_up(real: int, count: int, stored: int, source: str) -> None:
    """A single odd picture would decide a range, and the two halves would differ; the real ones come first."""
    found = calibration_samples(samples(real, "plates, training split"), rendered, count)
    assert (len(found.pictures), found.source) == (stored, source)
    assert found.sha256[real - 1] == f"plates, training split {real - 1}"


def test_without_photographs_all_are_rendered() -> None:
    """As many as were asked for; unknown truth of rendered ones leaves the whole set without."""
    assert len(calibration_samples(None, rendered, 40).pictures) == 40
    unknown = calibration_samples(samples(3, "plates"), lambda n: Samples(rendered(n).pictures, "", ("",) * n), 4)
    assert unknown.truth is None
