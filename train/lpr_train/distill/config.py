"""Settings of a distillation: those of a reader's run, and the teacher's."""

from dataclasses import dataclass

from lpr_train.tasks.reader.config import ReaderConfig


@dataclass(frozen=True)
class DistillConfig(ReaderConfig):
    """Settings of a distillation."""

    batch_size: int = 256
    steps_per_epoch: int = 200
    epochs: int = 25
    validate_every: int = 0
    """validate after every so many epochs; 0 for the last one only"""
    workers: int = 2
    """processes that make samples: as many as there are cores"""
    weight_decay: float = 0.05
    teacher_width: int = 96
    """channels of the teacher at a quarter of the resolution; it has 13 million parameters with 96"""
    teacher_learning_rate: float = 2e-3
    """the teacher's peak learning rate"""
    teacher_weight_decay: float = 0.05
    """the teacher's decoupled weight decay"""
    trust: float = 1.0
    """weight of the teacher's outputs in the student's loss, once the teacher has warmed up"""
    labels_weight: float = 0.5
    """weight of the labels in the student's loss, once the teacher has warmed up"""
    repeats: int = 2
    """times that a sample is seen again, changed, while no new one is ready"""
    kept_batches: int = 200
    """batches that are kept to be seen again"""
