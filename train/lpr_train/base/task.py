"""What a task - detector, reader or characters - tells the training loop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from lpr_edge.contract.arrays import Floats, Image
from lpr_edge.contract.samples import Samples
from lpr_train.base.config import FitConfig
from lpr_train.base.engine import KerasModel

UNSEEN = 1 << 40
"""Index from which samples are for judging: training never comes so far."""


class Task(Protocol):
    """One network to train: what it is, what it sees, and how it is judged.

    `fit` calls `build` first, `validate` after epochs and the rest at the end of a run.
    """

    @property
    def kind(self) -> str:
        """`detector`, `reader` or `classifier`, as in the manifest."""

    @property
    def config(self) -> FitConfig:
        """The run's settings."""

    def build(self) -> KerasModel:
        """Make the network: input `image`, float32 (N, H, W, C) in [0, 1]; a dict of outputs by role."""

    def losses(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Loss of each role, as `loss(truth, predicted)` on tensors; weigh them in the functions."""

    def sample(self, index: int) -> tuple[Image, dict[str, Floats]]:
        """Make one training example: pixels (H, W, C) uint8, and a target for each role.

        The same (seed, index) gives the same example. Called from several threads at the same time.
        """

    def validate(self, model: KerasModel) -> dict[str, float]:
        """Judge the network on what was held out of training; `score` decides, higher is better.

        Without a `score` the last epoch is kept.
        """

    def final_metrics(self, model: KerasModel) -> list[dict[str, Any]]:
        """Measure the kept network once: dicts of data, split, metric, value, count."""

    def representative(self, count: int) -> Samples:
        """Draw pictures from training data, for calibration."""

    def heldout(self, count: int) -> Samples:
        """Draw pictures and their truth that neither training nor calibration sees."""

    def model_card_fields(self) -> dict[str, Any]:
        """What the manifest says of this network: labels, input, thresholds and licence."""

    def plots(self, model: KerasModel, out: Path) -> None:
        """Draw the task's own pictures into the run folder."""


@runtime_checkable
class CountsSamples(Protocol):
    """A task that knows how many samples an epoch has: those of one pass over its data, say."""

    @property
    def samples_per_epoch(self) -> int:
        """Need not be a multiple of the batch size: the last batch is smaller then."""


def samples_per_epoch(task: Task) -> int:
    """How many samples an epoch has: as many as the settings say, where the task doesn't count them itself."""
    if isinstance(task, CountsSamples):
        return task.samples_per_epoch
    return task.config.steps_per_epoch * task.config.batch_size


@runtime_checkable
class LearnsPictures(Protocol):
    """A task that learns from files of pictures, not from rendered ones alone."""

    def learnt_sha256(self) -> set[str]:
        """SHA-256 of each file that training shows to the network; what is held out isn't among them."""


@runtime_checkable
class ReportsBatchMetrics(Protocol):
    """A task that wants figures of the training batches, too."""

    def watch(self, targets: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """Means over a batch, on tensors; their names are columns of history.csv."""


@runtime_checkable
class ReportsOutcomes(Protocol):
    """A task that can be cross-validated: it says what became of each plate that it held out."""

    def outcomes(self, model: KerasModel) -> list[dict[str, Any]]:
        """Plain values, a plate each: `image`, `rows` (how many), `width_px` and what is told of it.

        A detector tells `found`; a false alarm has `image` and `false_alarm` alone. A reader tells `truth` and `read`,
        lists of labels.
        """


@runtime_checkable
class LearnsFromModel(Protocol):
    """A task whose training data get better with the network: the reader places real plates' characters by itself."""

    def learn_from(self, model: KerasModel) -> None:
        """Called with the averaged weights before each validation, and after resuming."""
