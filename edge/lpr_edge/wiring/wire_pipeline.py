"""Open detector and reader for single images."""

from lpr_edge.config.config import Config
from lpr_edge.runtimes.opening import open_model
from lpr_edge.text.confidence import default_min_confidence
from lpr_edge.updates.model_files import configured_runtime, model_file
from lpr_edge.vision.detector import TTA_VIEWS, Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.reader import Reader


def open_photograph_pipeline(config: Config) -> PlatePipeline:
    """Open the configured detector and reader for single images.

    Raises:
        LprError: a model can't be loaded.
    """
    runtime, threads = configured_runtime(config), config.models.threads
    detector_model, network = (
        open_model(model_file(config, name), runtime, threads) for name in ("detector", "reader")
    )
    reader, tta, least = Reader(network), config.reading.tta, config.reading.min_confidence
    if least is None:
        least = default_min_confidence(reader.thresholds, is_photograph=True)
    detector = Detector(detector_model, TTA_VIEWS if tta is None else tta)
    return PlatePipeline(detector, reader, least, is_photograph=True)
