"""Open what a run over one or several sources needs: source, networks, outputs, delivery and the loop itself."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Condition

from lpr_edge.api import PlateReader
from lpr_edge.app.run.cameras_loop import CamerasLoop
from lpr_edge.app.run.loop import Loop
from lpr_edge.app.run.run_control import RunControl
from lpr_edge.base.log import log_debug
from lpr_edge.cameras.feed import CameraFeed
from lpr_edge.cameras.turns import FairTurns
from lpr_edge.capture.frame import Source
from lpr_edge.capture.open_source import CaptureOptions, open_camera, open_source
from lpr_edge.capture.transform import name_frames, shape_frames
from lpr_edge.collect.collector import Collector
from lpr_edge.config.choices import EventKinds
from lpr_edge.config.config import Config
from lpr_edge.config.loading import each_camera
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.records import Record
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.privacy.blur import PlateBlurrer
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.event_record import event_record
from lpr_edge.updates.model_files import configured_runtime, model_file
from lpr_edge.updates.update_worker import UpdateWorker
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.wiring.config_check import check_source
from lpr_edge.wiring.frame_outputs import FrameOutputs, open_camera_outputs, open_frame_outputs
from lpr_edge.wiring.wire_collect import open_collectors
from lpr_edge.wiring.wire_delivery import Delivery, open_delivery
from lpr_edge.wiring.wire_pages import open_pages
from lpr_edge.wiring.wire_web import open_live_page


def open_shaped(config: Config) -> Source:
    """Open the configured source, with its frames renamed and rotated as configured."""
    source = name_frames(open_configured(config), config.capture.source_name)
    return shape_frames(source, config.capture.rotate, config.capture.every)


def open_configured(config: Config) -> Source:
    """Open the configured source as it is."""
    wanted = config.capture
    give_up_s = wanted.give_up.total_seconds()
    if wanted.camera is not None:
        return open_camera(wanted.camera, CaptureOptions(wanted.size_wh, wanted.fps, give_up_s))
    assert wanted.source is not None
    return open_source(wanted.source, give_up_s)


def open_cameras_loop(config: Config, run: RunControl, replay: float | None) -> CamerasLoop:
    """Open all configured cameras, with one pair of networks for all of them.

    Args:
        config: the settings.
        run: controls the run.
        replay: see `RunOptions`.
    """
    cameras = {own.capture.source_name: own for own in each_camera(config)}
    for own in cameras.values():
        check_source(own)
    networks = open_reader(config)
    readers = {name: open_reader(own, networks).frames for name, own in cameras.items()}
    collectors = open_collectors(config, networks.frames.reader, len(cameras))
    views = {name: open_camera_outputs(own) for name, own in cameras.items()}
    delivery = open_delivery(
        config, JsonLines(sys.stdout), networks.frames.reader, networks.models, replay, run.updates
    )
    page = open_live_page(config, delivery.stats, delivery.sink, partial(open_pages, settings_file=run.settings_file))
    blurrer = PlateBlurrer() if config.privacy.blurs else None
    loops = {
        name: _make_loop(
            own, readers[name], delivery, replace(views[name], page=page), run.beat, collector, blurrer, name
        )
        for (name, own), collector in zip(cameras.items(), collectors, strict=True)
    }
    changed = Condition()
    feeds = [
        CameraFeed(name, partial(open_shaped, own), changed, own.capture.give_up.total_seconds())
        for name, own in cameras.items()
    ]
    return CamerasLoop(loops, FairTurns(feeds, changed), delivery.sink, run.beat)


def open_loop(
    config: Config,
    source: Source,
    run: RunControl,
    replay: float | None = None,
    describe: Callable[[Event], Record] = event_record,
) -> Loop:
    """Open the loop over one source.

    Args:
        config: the settings.
        source: gives frames.
        run: controls the run.
        replay: see `RunOptions`.
        describe: makes an event's record.

    Raises:
        LprError: events of images can't be stored or sent.
    """
    if config.stores and source.kind == "stills":
        raise LprError(f"{source.name} contains images, which give no events: write stdout to a file")
    opened = open_reader(config)
    plate_reader = opened.photographs if source.kind == "stills" else opened.frames
    (collector,) = open_collectors(config, plate_reader.reader, 1)
    views = open_frame_outputs(source, config)
    delivery = open_delivery(config, JsonLines(sys.stdout), plate_reader.reader, opened.models, replay, run.updates)
    page = open_live_page(config, delivery.stats, delivery.sink, partial(open_pages, settings_file=run.settings_file))
    outputs, blurrer = replace(views, page=page), PlateBlurrer() if config.privacy.blurs else None
    return _make_loop(config, plate_reader, delivery, outputs, run.beat, collector, blurrer, describe=describe)


def _make_loop(
    config: Config,
    plate_reader: PlatePipeline,
    delivery: Delivery,
    outputs: FrameOutputs,
    beat: Callable[[], None],
    collector: Collector | None,
    blurrer: PlateBlurrer | None,
    camera: str = "",
    describe: Callable[[Event], Record] = event_record,
) -> Loop:
    return Loop(
        plate_reader,
        delivery.sink,
        outputs,
        config.reading.every_frame,
        describe,
        gap=config.reading.gap,
        stats=delivery.stats,
        any_text=config.reading.any_text,
        blurrer=blurrer,
        beat=beat,
        line=config.capture.line.ends_xy if config.capture.line else None,
        reports_left=config.reading.events is EventKinds.ALL,
        camera=camera,
        collector=collector,
    )


def open_reader(config: Config, networks: PlateReader | None = None) -> PlateReader:
    """Open detector and reader as configured.

    Args:
        config: the settings, of one camera where there are several.
        networks: a reader whose networks are used again; None to load them.
    """
    return PlateReader(
        model_path(config, "detector"),
        model_path(config, "reader"),
        min_confidence=config.reading.min_confidence,
        runtime=configured_runtime(config),
        threads=config.models.threads,
        roi=config.capture.roi,
        tta=config.reading.tta,
        networks=networks,
        tiles=config.capture.tiles,
        frame_budget_s=config.capture.frame_budget_s,
        blurs=config.privacy.blurs,
    )


def open_updates(config: Config) -> UpdateWorker | None:
    """Open the worker for model updates; None if updates are off."""
    if not config.update.models:
        return None
    from lpr_edge.updates.from_settings import open_update_worker

    return open_update_worker(config)


def model_path(config: Config, name: str) -> Path:
    """The file of the network with this name, such as `detector`."""
    path = model_file(config, name)
    log_debug(f"{name}: {path}")
    return path
