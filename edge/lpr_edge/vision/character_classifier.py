"""Classification of single-character crops."""

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.preprocess import prepare
from lpr_edge.runtimes.model import Model


class CharacterClassifier:
    """Runs a classifier network on cropped characters."""

    def __init__(self, model: Model) -> None:
        model.expect("classifier")
        self.model = model

    def classify(self, crop_bgr: Image) -> tuple[str | None, float]:
        """Classify a crop (H, W, 3) of any size; returns its label and probability 0..1.

        The label is None where the likeliest one is less likely than the model's threshold `reject`: the crop most
        likely shows no character, or one outside the alphabet. Models without that threshold always answer.
        """
        label, confidence = self.guess(crop_bgr)
        is_known = confidence >= self.model.manifest.thresholds.get("reject", 0.0)
        return (label if is_known else None), confidence

    def guess(self, crop_bgr: Image) -> tuple[str, float]:
        """The most probable label without rejection, and its probability: accuracy is measured on it."""
        manifest = self.model.manifest
        scores = self.model.outputs(prepare(crop_bgr, manifest.input).pixels)["scores"]
        best = int(np.argmax(scores))
        return manifest.labels[best], float(scores[best])
