"""The protocol between a task (detector, reader or characters) and the training loop."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.run.samples import Samples
from lpr_train.base.config import FitConfig
from lpr_train.base.engine import KerasModel

UNSEEN = 1 << 40
"""First index of the samples for validation: training indices never reach it."""


Sample = tuple[Image, dict[str, Floats]]
"""A training sample: pixels (H, W, C) uint8, and a target for each output role."""


class Task(Protocol):
    """A network to train: its architecture, samples, losses and metrics.

    `fit` calls `build` first, `validate` after epochs and the rest at the end of a run.
    """

    @property
    def kind(self) -> str:
        """The model type in the manifest: `detector`, `reader` or `classifier`."""

    @property
    def config(self) -> FitConfig:
        """The run's settings."""

    def build(self) -> KerasModel:
        """Build the network: input `image`, float32 (N, H, W, C) in [0, 1]; outputs a dict by role."""

    def losses(self) -> dict[str, Callable[[Any, Any], Any]]:
        """The loss of each output role, as `loss(truth, predicted)` on tensors; weights are part of the functions."""

    def sample(self, index: int) -> Sample:
        """Make one training sample: pixels (H, W, C) uint8, and a target for each role.

        The same (seed, index) gives the same example. Called from several threads at the same time.
        """

    def validate(self, model: KerasModel) -> dict[str, float]:
        """Compute the metrics on held-out data; `score` selects the best epoch, higher is better.

        Without a `score` the last epoch is kept.
        """

    def final_metrics(self, model: KerasModel) -> list[dict[str, Any]]:
        """Compute the metrics of the kept weights, once: dicts of data, split, metric, value, count."""

    def representative(self, count: int) -> Samples:
        """Draw `count` training images for int8 calibration."""

    def heldout(self, count: int) -> Samples:
        """Draw `count` images with ground truth that neither training nor calibration uses."""

    def model_card_fields(self) -> dict[str, Any]:
        """The manifest's fields for this network: labels, input, thresholds and licence."""

    def plots(self, model: KerasModel, out: Path) -> None:
        """Draw the task's own plots into the run folder."""


@runtime_checkable
class CountsSamples(Protocol):
    """A task that defines the number of samples in an epoch, such as one pass over its data."""

    @property
    def samples_per_epoch(self) -> int:
        """Samples in an epoch; the last batch is smaller if the batch size doesn't divide it."""


def samples_per_epoch(task: Task) -> int:
    """Samples in an epoch: the task's own number, or else that of the settings."""
    if isinstance(task, CountsSamples):
        return task.samples_per_epoch
    return task.config.steps_per_epoch * task.config.batch_size


@runtime_checkable
class LearnsPictures(Protocol):
    """A task that trains on image files, not only on rendered images."""

    def learnt_sha256(self) -> set[str]:
        """SHA-256 of each file that is used for training; held-out files are not among them."""


@runtime_checkable
class LearnsLabels(Protocol):
    """A task whose real examples show labels, of which some may lack."""

    def learnt_labels(self) -> set[str]:
        """The labels that the real training examples show."""


@runtime_checkable
class ReportsBatchMetrics(Protocol):
    """A task that reports metrics of the training batches."""

    def watch(self, targets: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """Means over a batch, on tensors; their names become columns of history.csv."""


@runtime_checkable
class ReportsOutcomes(Protocol):
    """A task that can be cross-validated: it reports the result for each held-out plate."""

    def outcomes(self, model: KerasModel) -> list[dict[str, Any]]:
        """One JSON-compatible dict for each plate: `image`, `rows` (count), `width_px`, and the result.

        A detector's result is `found`; a false positive has only `image` and `false_alarm`. A reader's are `truth` and
        `read`, lists of labels.
        """


@dataclass(frozen=True)
class Measured:
    """One metric of a network on one set of pictures; higher is better."""

    pictures: str
    """`HELD_OUT`, `OTHERS`, `LEARNT_OTHERS`, `RENDERED`, `TEST` or `OTHER_TEST`."""
    metric: str
    value: float
    count: int
    """Number of plates or characters."""


HELD_OUT = "held-out"
"""The run's own held-out photographs."""
OTHERS = "other held-out"
"""Photographs of `also` that neither network was trained on."""
LEARNT_OTHERS = "other learnt"
"""Photographs of `also` that both networks were trained on: they show what was forgotten."""
MIN_COMPARED = 10
"""Photographs of `also` below which one more or less would decide a comparison."""
RENDERED = "rendered"
TEST, OTHER_TEST = "test", "other test"
"""The test splits of the two folders of data: they are reported, and nothing is chosen by them."""


@runtime_checkable
class ComparesModels(Protocol):
    """A task that can be fine-tuned: it measures any network of its kind on the same pictures."""

    def measure(self, model: KerasModel) -> list[Measured]:
        """Metrics on held-out photographs, on others if there are any, and on rendered images: they decide."""

    def measure_tests(self, model: KerasModel) -> list[Measured]:
        """The same metrics on test splits, if there are any: they are reported, and decide nothing."""


@dataclass(frozen=True)
class Examples:
    """The real examples that a run trains on."""

    what: str
    """Their name, in the plural."""
    count: int
    least: int
    """With fewer, a network overfits."""
    missing: tuple[str, ...] = ()
    """Labels of the network without any example."""


@runtime_checkable
class CountsExamples(Protocol):
    """A task that trains on real examples."""

    def examples(self) -> Examples | None:
        """The training examples of `data`, without those of `also`; None for a run on rendered images alone."""


@runtime_checkable
class LearnsFromModel(Protocol):
    """A task that improves its training data with the network: the reader aligns the characters of real plates."""

    def learn_from(self, model: KerasModel) -> None:
        """Update the data; called with the EMA weights before each validation, and after resuming."""
