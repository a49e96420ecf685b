"""Settings of a reader's run."""

from dataclasses import dataclass

from lpr_train.base.config import FoldConfig


@dataclass(frozen=True)
class ReaderConfig(FoldConfig):
    """Settings of a reader's run."""

    holdout: float = 0.12
    epochs: int = 60
    steps_per_epoch: int = 150
    batch_size: int = 48
    learning_rate: float = 3e-3
    input_height: int = 128
    """height of the input in pixels, a multiple of 16"""
    input_width: int = 256
    """width of the input in pixels, a multiple of 16"""
    margin: float = 0.1
    """margin around the corners, relative to the plate's size"""
    sources: str = ""
    """sources of photographs to train on, separated by commas; empty for all"""
    real_share: float = 0.55
    """fraction of samples that are real plates, once their characters are aligned"""
    rendered_decides: bool = False
    """the score that chooses the epoch is the mean of that of held-out and that of rendered plates"""
    copy_paste_share: float = 0.5
    """copy-paste: fraction of real plates with rows of two plates and shuffled digits"""
    letter_paste_share: float = 0.25
    """copy-paste: fraction of those plates' zone and class letters that are replaced by letters of other plates"""
    digit_paste_share: float = 0.1
    """copy-paste: fraction of those plates' digits that are replaced by digits of other plates"""
    one_row_share: float = 0.2
    """fraction of those two-row plates that are laid out as one row"""
    inverted_share: float = 0.1
    """fraction of real plates that are inverted in brightness"""
    hard_example_weight: int = 3
    """hard examples: sampling weight of real plates that were misread at the last validation"""
    boxed_share: float = 0.15
    """fraction of real plates seen in a loose upright box, with a margin of up to half a plate"""
    corner_jitter: float = 0.055
    """standard deviation of the corners' random errors, relative to the plate's size"""
    strength: float = 0.6
    """strength of image degradation, 0..1"""
    shape_strength: float = 0.6
    """strength of changes to the shape of real plates' characters, 0..1"""
    dropout: float = 0.1
    """dropout: fraction of the features before the heads that are left out of a training step"""
    smoothing: float = 0.02
    """label smoothing"""
    peak_threshold: float = 0.35
    """heat-map threshold of a character"""
    teacher: str = ""
    """distillation: .tflite of a larger reader, whose outputs are learnt, too; empty for labels alone"""
    trust: float = 1.0
    """distillation: weight of the teacher's outputs in the loss"""
    labels_weight: float = 0.5
    """distillation: weight of the labels in the loss"""
    repeats: int = 2
    """distillation: times that a sample is seen again, with other contrast, brightness and noise"""
