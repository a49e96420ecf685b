"""The model files of a release, opened and checked against their manifests."""

from pathlib import Path

from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.runtime import Runtime
from lpr_edge.updates.release import KINDS, model_in


def open_models(folder: Path, runtime: str | Runtime = "auto", suffix: str = ".tflite") -> dict[str, Model]:
    """A release's models by kind, checked against their manifests.

    Raises:
        LprError: one can't be used here.
    """
    models = {kind: open_model(model_in(folder, kind, suffix), runtime) for kind in KINDS}
    for kind, model in models.items():
        model.expect(kind)
    return models
