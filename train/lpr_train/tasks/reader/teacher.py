"""Samples with a teacher's outputs in addition to labels, and the losses that learn from both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_train.base.task import Sample
from lpr_train.data.pool import RenewedPool
from lpr_train.loop.losses import Loss
from lpr_train.loop.soft_losses import soft_centre, soft_classes, soft_corners, soft_size
from lpr_train.tasks.reader.exported import ExportedReader

POOL = 1200
"""Samples that are kept; each has the teacher's outputs, of some 0.4 MB."""
NOISE, GAIN, OFFSET = 0.04, 0.25, 0.1
"""Greatest standard deviation of the noise, change of contrast and of brightness, in parts of the range."""
FIRST = 1 << 36
"""First index of the samples that are drawn for the pool."""


class TaughtSamples:
    """Samples with a teacher's answers, each seen several times with other contrast, brightness and noise.

    Args:
        sample: makes the sample of an index.
        teacher: the exported network.
        seed: random seed.
        repeats: times that a sample is seen again.
    """

    def __init__(self, sample: Callable[[int], Sample], teacher: Path, seed: int, repeats: int) -> None:
        self._sample, self._teacher, self._seed = sample, ExportedReader(teacher), seed
        self._pool: RenewedPool[tuple[Image, dict[str, Any]]] = RenewedPool(self._make, seed, POOL, repeats + 1)

    def sample(self, index: int) -> Sample:
        """One sample: pixels (H, W, 1) uint8, and for each head the labels' target and the teacher's outputs behind."""
        rng = np.random.default_rng((self._seed, 3, index))
        pixels, targets = self._pool.draw(index, rng)
        return changed(pixels, rng), {role: np.asarray(target, np.float32) for role, target in targets.items()}

    def _make(self, rng: np.random.Generator) -> tuple[Image, dict[str, Any]]:
        """A sample for the pool; its targets are float16, which takes half of the memory."""
        pixels, targets = self._sample(FIRST + int(rng.integers(FIRST)))
        soft = self._teacher.outputs(pixels)
        soft_parts = {
            "centre": soft["centre"],
            "classes": np.concatenate([soft["centre"], soft["classes"]], axis=-1),
            "size": np.concatenate([soft["centre"], soft["size"]], axis=-1),
            "corners": soft["corners"],
        }
        both = {
            role: np.concatenate([targets[role], soft_parts[role]], axis=-1, dtype=np.float16) for role in soft_parts
        }
        return pixels, both


def taught_samples(sample: Callable[[int], Sample], teacher: str, seed: int, repeats: int) -> TaughtSamples | None:
    """`TaughtSamples` of a file; None if `teacher` is empty."""
    return TaughtSamples(sample, Path(teacher), seed, repeats) if teacher else None


def changed(pixels: Image, rng: np.random.Generator) -> Image:
    """Change contrast, brightness and noise of an image (H, W, 1) uint8 at random."""
    gain, offset = 1.0 + GAIN * rng.uniform(-1, 1), 255.0 * OFFSET * rng.uniform(-1, 1)
    noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(255.0 * NOISE * rng.random())
    return np.asarray(np.clip((pixels - np.float32(127.5)) * gain + 127.5 + offset + noise, 0, 255), np.uint8)


def taught_losses(labels: dict[str, Loss], labels_weight: float, trust: float) -> dict[str, Loss]:
    """Losses on targets of `TaughtSamples`: those on labels, and the distance from the teacher.

    Args:
        labels: the loss of each role on its labels.
        labels_weight: weight of these.
        trust: weight of the teacher's outputs.
    """

    def centre(truth: Any, found: Any) -> Any:
        return labels_weight * labels["centre"](truth[..., :2], found) + trust * soft_centre(truth[..., 2:], found)

    def classes(truth: Any, found: Any) -> Any:
        soft = soft_classes(truth[..., 2:3], truth[..., 3:], found)
        return labels_weight * labels["classes"](truth[..., :2], found) + trust * soft

    def size(truth: Any, found: Any) -> Any:
        soft = soft_size(truth[..., 3:4], truth[..., 4:], found)
        return labels_weight * labels["size"](truth[..., :3], found) + trust * soft

    def corners(truth: Any, found: Any) -> Any:
        soft = soft_corners(truth[..., 9:], found)
        return labels_weight * labels["corners"](truth[..., :9], found) + trust * soft

    return {"centre": centre, "classes": classes, "size": size, "corners": corners}
