"""Settings of a distillation: those of a reader's run, and the teacher's."""

import dataclasses
from dataclasses import dataclass

from lpr_train.tasks.reader.config import ReaderConfig


@dataclass(frozen=True)
class DistillConfig(ReaderConfig):
    """Settings of a distillation."""

    align: str = ""
    """exported reader, a .tflite, that locates the characters of the training plates"""
    batch_size: int = 256
    steps_per_epoch: int = 200
    epochs: int = 25
    validate_every: int = 5
    workers: int = 2
    """processes that make samples: as many as there are cores"""
    weight_decay: float = 0.05
    teacher_width: int = 96
    """channels of the teacher at a quarter of the resolution; coarser stages have more"""
    teacher_learning_rate: float = 2e-3
    """the teacher's peak learning rate"""
    teacher_weight_decay: float = 0.05
    """the teacher's decoupled weight decay"""
    kept_batches: int = 200
    """batches that are kept to be seen again"""

    def as_reader(self) -> ReaderConfig:
        """The settings with which `lpr-train reader` would go on: the run's config.toml. All are in its model.json."""
        return ReaderConfig(**{key.name: getattr(self, key.name) for key in dataclasses.fields(ReaderConfig)})
