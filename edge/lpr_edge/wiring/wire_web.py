"""What those who watch a run from elsewhere are given: its vitals, and the live page."""

from pathlib import Path

from lpr_edge.base import units
from lpr_edge.base.config import Config
from lpr_edge.base.state_dir import state_folder
from lpr_edge.contract.errors import LprError
from lpr_edge.delivery.sink import Sink
from lpr_edge.service.runtime_stats import Vitals
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.web.picture import LivePage


def open_vitals(config: Config, reader: PlatePipeline) -> Vitals:
    """The counts of a run that begins."""
    models = {"detector": reader.detector.model, "reader": reader.reader.model}
    names = {
        kind: f"{model.path.name} {model.manifest.weights_sha256[:8]} ({model.runtime_name} {model.runtime_version})"
        for kind, model in models.items()
    }
    return Vitals(config.device_name, names, config.store.parent if config.store else _disk())


def _disk() -> Path:
    """A folder of the disk whose room is told: nothing is stored where no settings ask for it."""
    try:
        return state_folder()
    except LprError:
        return Path()


def open_live_page(config: Config, vitals: Vitals, sink: Sink) -> LivePage | None:
    """The page, where the settings ask for one.

    Raises:
        LprError: it can't be had; the sink is then closed.
    """
    if not config.web:
        return None
    try:
        page = open_page(config.web, config.web_token, vitals, units.seconds(config.health_after, "health_after"))
    except LprError:
        sink.close()
        raise
    page.picture.captions = not config.blurs
    return page
