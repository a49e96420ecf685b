"""Which character a crop shows."""

import numpy as np

from lpr_edge.contract.arrays import Image
from lpr_edge.contract.preprocess import prepare
from lpr_edge.runtimes import Model


class Classifier:
    """A classifier's network: from one cropped character to its label."""

    def __init__(self, model: Model) -> None:
        model.expect("classifier")
        self.model = model

    def classify(self, crop_bgr: Image) -> tuple[str, float]:
        """The label of a crop (H, W, 3) of any size, and how likely it is, 0..1."""
        manifest = self.model.manifest
        scores = self.model.outputs(prepare(crop_bgr, manifest.input).pixels)["scores"]
        best = int(np.argmax(scores))
        return manifest.labels[best], float(scores[best])
