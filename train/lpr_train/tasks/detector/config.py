"""Settings of a detector's run."""

from dataclasses import dataclass

from lpr_train.base.config import FoldConfig


@dataclass(frozen=True)
class DetectorConfig(FoldConfig):
    """Settings of a detector's run."""

    epochs: int = 60
    steps_per_epoch: int = 150
    batch_size: int = 16
    learning_rate: float = 3e-3
    input_size: int = 384
    """height and width of the input in pixels, a multiple of 32"""
    real_share: float = 0.75
    """fraction of samples that are real photographs, if --data has them"""
    repaint_share: float = 0.3
    """fraction of real photographs whose plates are replaced by others"""
    swap_share: float = 0.5
    """fraction of these replacements that are cut out of real photographs; the rest are rendered"""
    occlusion_share: float = 0.2
    """fraction of plates that are partly occluded, or overexposed"""
    hard_example_weight: int = 3
    """hard examples: sampling weight of photographs with a false positive or false negative at the last validation"""
    strength: float = 0.5
    """strength of image degradation, 0..1"""
    score_threshold: float = 0.35
    """score threshold of a plate; chosen on the held-out photographs unless the run is a fold"""
