"""Which character a crop shows."""

import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.preprocess import prepare
from lpr_edge.runtimes.model import Model


class CharacterClassifier:
    """A classifier's network: from one cropped character to its label."""

    def __init__(self, model: Model) -> None:
        model.expect("classifier")
        self.model = model

    def classify(self, crop_bgr: Image) -> tuple[str | None, float]:
        """The label of a crop (H, W, 3) of any size, and how likely it is, 0..1.

        The label is None where the likeliest one is less likely than the model's threshold `reject`: the crop most
        likely shows no character, or one outside the alphabet. Models without that threshold always answer.
        """
        label, confidence = self.guess(crop_bgr)
        is_known = confidence >= self.model.manifest.thresholds.get("reject", 0.0)
        return (label if is_known else None), confidence

    def guess(self, crop_bgr: Image) -> tuple[str, float]:
        """The likeliest label, however unlikely it is, and how likely: what accuracy is measured on."""
        manifest = self.model.manifest
        scores = self.model.outputs(prepare(crop_bgr, manifest.input).pixels)["scores"]
        best = int(np.argmax(scores))
        return manifest.labels[best], float(scores[best])
