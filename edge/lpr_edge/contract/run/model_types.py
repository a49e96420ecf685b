"""Network types: one table of the differences between detector, reader and classifier."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelType:
    """Inputs, outputs and names of one network type."""

    kind: str
    """As manifests have it."""
    name: str
    """Of the shipped model, and the command of lpr-train."""
    flag: str
    """Of lpr-edge: takes another file in place of the shipped one."""
    purpose: str
    """What it does, in words."""
    roles: tuple[str, ...]
    """What its outputs are called: see `outputs`."""
    score_role: str
    """The output that holds scores."""
    labels_role: str | None
    """The output whose last axis is the labels; None where there are none."""
    threshold: str
    """The manifest's threshold that a score must reach."""
    dataset: str
    """Folder of the labelled data."""
    training_data: str
    """What of a data folder it learns from, in words."""
    answers: str | None
    """What its answers are called where they are compared one by one; None where they are quads."""
    optional_roles: tuple[str, ...] = ()
    """Outputs that older networks of the type lack."""
    has_confidence: bool = False
    """Whether a confidence is fitted for its answers."""

    @property
    def finds_plates(self) -> bool:
        """Whether its answers are the corners of plates in a frame."""
        return self.answers is None

    @property
    def sees_plates(self) -> bool:
        """Whether its data are photographs or crops of plates, not of single characters."""
        return self.dataset == "plates"


DETECTOR = ModelType(
    kind="detector",
    name="detector",
    flag="--detector",
    purpose="finds number plates in a frame: four corners of each, from the plate's own top left on",
    roles=("centre", "corners", "turn"),
    score_role="centre",
    labels_role=None,
    threshold="score",
    dataset="plates",
    training_data="plates",
    answers=None,
)
READER = ModelType(
    kind="reader",
    name="reader",
    flag="--reader",
    purpose="reads a rectified plate: every character with its place, in one run",
    roles=("centre", "classes", "size"),
    score_role="centre",
    labels_role="classes",
    threshold="peak",
    dataset="plates",
    training_data="plates and crops",
    answers="texts",
    optional_roles=("corners",),
    has_confidence=True,
)
CLASSIFIER = ModelType(
    kind="classifier",
    name="characters",
    flag="--classifier",
    purpose="classifies the character in a crop, or rejects it",
    roles=("scores",),
    score_role="scores",
    labels_role="scores",
    threshold="reject",
    dataset="characters",
    training_data="characters",
    answers="labels",
)
MODEL_TYPES = {model_type.kind: model_type for model_type in (DETECTOR, READER, CLASSIFIER)}
"""By kind."""
PLATE_TYPES = (DETECTOR, READER)
"""Those that read plates together, in their order."""
NAMED_TYPES = {model_type.name: model_type for model_type in MODEL_TYPES.values()}
"""By name of the shipped model."""
