"""A task small enough to train in a test: is the left or the right half of a 4×4 picture lit?"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.preprocess import InputSpec
from lpr_edge.contract.run.samples import Samples, picture_sha256
from lpr_train.base.config import FitConfig
from lpr_train.base.engine import KerasModel, load_keras
from lpr_train.loop.inference import predict


@dataclass
class HalvesTask:
    """Two classes, told by which half is lit."""

    config: FitConfig
    kind: str = "classifier"
    asked: list[int] = field(default_factory=list)
    """Indices that were drawn, in any order."""

    def build(self) -> KerasModel:
        """One convolution, batch normalisation and a dense layer: every kind of state that a run keeps."""
        layers = load_keras().layers
        image = layers.Input((4, 4, 1), name="image")
        x = layers.Conv2D(2, 3, padding="same", use_bias=False)(image)
        x = layers.BatchNormalization()(x)
        x = layers.Flatten()(layers.ReLU(6.0)(x))
        return load_keras().Model(image, {"scores": layers.Dense(2, activation="softmax", name="scores")(x)})

    def losses(self) -> dict[str, Any]:
        """Cross-entropy."""
        return {"scores": load_keras().losses.CategoricalCrossentropy()}

    def sample(self, index: int) -> tuple[Image, dict[str, Floats]]:
        """Noise with one half lit."""
        self.asked.append(index)
        rng = np.random.default_rng((self.config.seed, index))
        side = int(rng.integers(2))
        pixels = rng.integers(0, 100, (4, 4, 1), np.uint8)
        pixels[:, 2 * side : 2 * side + 2] += 100
        return pixels, {"scores": np.eye(2, dtype=np.float32)[side]}

    def validate(self, model: KerasModel) -> dict[str, float]:
        """Share of right answers on examples that training never draws."""
        examples = [HalvesTask(self.config).sample(10**6 + index) for index in range(64)]
        found = predict(model, np.stack([pixels for pixels, _ in examples]))["scores"]
        truth = np.stack([targets["scores"] for _, targets in examples])
        return {"score": float(np.mean(found.argmax(1) == truth.argmax(1)))}

    def final_metrics(self, model: KerasModel) -> list[dict[str, Any]]:
        """The score again."""
        value = self.validate(model)["score"]
        return [{"data": "halves", "split": "held out", "metric": "accuracy", "value": value, "count": 64}]

    def representative(self, count: int) -> Samples:
        """Pictures alone."""
        pictures = tuple(HalvesTask(self.config).sample(index)[0] for index in range(count))
        return Samples(pictures, "rendered", tuple(map(picture_sha256, pictures)))

    def heldout(self, count: int) -> Samples:
        """Pictures that training never draws."""
        pictures = tuple(HalvesTask(self.config).sample(10**6 + index)[0] for index in range(count))
        return Samples(pictures, "rendered", tuple(map(picture_sha256, pictures)), ("left",) * count)

    def model_card_fields(self) -> dict[str, Any]:
        """Two labels."""
        spec = InputSpec((4, 4), 1, "gray", "stretch")
        return {"labels": ["left", "right"], "input": spec.to_dict(), "thresholds": {}, "licence": "none"}

    def plots(self, model: KerasModel, out: Path) -> None:
        """Nothing to draw."""


@pytest.fixture
def halves() -> Any:
    """Makes the task from settings: small batches, short epochs, whatever else is given."""

    def make(**settings: Any) -> HalvesTask:
        small = {"steps_per_epoch": 3, "batch_size": 8, "epochs": 4, "learning_rate": 0.05, "representative": 4}
        return HalvesTask(FitConfig(**small | {"heldout": 6, "ema": 0.9} | settings))

    return make
