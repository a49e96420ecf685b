"""Which samples a run stores to prove an exported model on."""

import numpy as np

from lpr_edge.contract.run.samples import Samples
from lpr_train.base.proving_samples import proving_samples


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
