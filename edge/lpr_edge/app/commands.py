"""What `lpr-edge` does for a command line: a job, or a run over a source, whose parts are opened here."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Condition

from lpr_edge.api import Classifier, PlateReader
from lpr_edge.app.jobs import hash_list, read_each, show_info
from lpr_edge.app.run.cameras_loop import CameraLoop, CamerasLoop
from lpr_edge.app.run.loop import Loop
from lpr_edge.app.run.run_control import Again, RunControl, may_reload
from lpr_edge.app.run.run_to_end import RunOptions, WasAsked, run_to_end
from lpr_edge.base.log import log_debug
from lpr_edge.cameras.feed import CameraFeed
from lpr_edge.cameras.turns import FairTurns
from lpr_edge.capture.frame import Source
from lpr_edge.capture.open_source import CaptureOptions, open_camera, open_source
from lpr_edge.capture.transform import name_frames, shape_frames
from lpr_edge.collect.collector import Collector
from lpr_edge.config.config import Config, each_camera
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.records import Record
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.privacy.blur import PlateBlurrer
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.event_record import character_record, crop_record, event_record
from lpr_edge.updates.model_files import configured_runtime, model_file
from lpr_edge.updates.update_worker import UpdateWorker
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.wiring.config_check import check_settings, check_source, open_grammar
from lpr_edge.wiring.frame_outputs import FrameOutputs, open_camera_outputs, open_frame_outputs
from lpr_edge.wiring.wire_collect import open_collectors
from lpr_edge.wiring.wire_delivery import Delivery, open_delivery
from lpr_edge.wiring.wire_pages import open_pages
from lpr_edge.wiring.wire_web import open_live_page


def run_job(
    arguments: argparse.Namespace, config: Config, again: Again | None = None, was_asked: WasAsked = lambda: False
) -> int:
    """Run the command of a command line; returns the exit status.

    Args:
        arguments: what to do.
        config: the settings.
        again: reads the settings once more, when SIGHUP comes; None where nothing can begin again.
        was_asked: returns whether SIGHUP has come.

    Raises:
        LprError: what can't be had or done, in one line.
    """
    if arguments.install_service:
        from lpr_edge.service.install import install_service

        install_service(config, arguments.config, arguments.print, sys.stdout)
        return 0
    if config.update.models:
        from lpr_edge.updates.from_settings import with_updated_models

        config = with_updated_models(config, counts_start=_reads_plates(arguments))
    if arguments.info:
        return show_info(config, arguments.json)
    if arguments.characters:
        return read_characters(config, arguments.characters)
    if arguments.crops:
        return read_crops(config, arguments.crops)
    if arguments.demo:
        return run_demo(config)
    if arguments.doctor:
        return run_doctor(config, arguments.json)
    if arguments.hash_list:
        return hash_list(config, arguments.hash_list, open_grammar(config))
    options = RunOptions(again, was_asked, arguments.replay, arguments.config)
    if config.cameras:
        return read_cameras(config, options)
    return read_plates(config, _open_shaped(config), options)


def _reads_plates(arguments: argparse.Namespace) -> bool:
    """Whether a command line only reads a camera, stream or video."""
    jobs = ("info", "characters", "crops", "demo", "doctor", "hash_list")
    return not any(getattr(arguments, job) for job in jobs)


def run_doctor(config: Config, as_json: bool) -> int:
    """Check this device with these settings; 1 if something must be fixed. Without a source, camera 0 is checked."""
    from lpr_edge.app.doctor.examination import examine, report

    looked_at = config if config.has_source else replace(config, capture=replace(config.capture, camera=0))
    findings = examine(looked_at, _open, lambda: _open_reader(looked_at).frames)
    return report(findings, as_json, sys.stdout)


def read_characters(config: Config, path: str) -> int:
    """Classify each image of a file or folder."""
    classifier = Classifier(
        _model_path(config, "characters"), runtime=configured_runtime(config), threads=config.models.threads
    )
    return read_each(config, path, lambda frame: character_record(frame.source, *classifier.classify(frame.image_bgr)))


def read_crops(config: Config, path: str) -> int:
    """Read the plate on each image of a file or folder of cropped plates."""
    reader = _open_reader(config)
    return read_each(config, path, lambda frame: crop_record(frame, reader.read_cropped(frame.image_bgr)))


def run_demo(config: Config) -> int:
    """Read the demo clip, and report which plates were right."""
    from lpr_edge.app.demo import open_demo, report

    source, truth = open_demo()
    run = RunControl(lambda: False, partial(may_reload, check_settings, None))
    loop = _open_loop(config, source, run, describe=truth.describe)
    _run_loop(loop, source, config, run)
    report(truth, loop.frames, loop.milliseconds)
    return 0


def read_plates(config: Config, source: Source, options: RunOptions) -> int:
    """Read a source to its end; 1 if one of its images can't be read."""
    run = _control(config, options)
    loop = _open_loop(config, source, run, options.replay)
    loop.take_over(source)
    _run_loop(loop, source, config, run)
    return 1 if loop.unreadable else 0


def read_cameras(config: Config, options: RunOptions) -> int:
    """Read several cameras until all have ended; 1 if one of them failed."""
    run = _control(config, options)
    loop = _open_cameras_loop(config, run, options.replay)
    loop.take_over()
    views = [view for one in loop.loops.values() for view in _closed_at_end(one)]
    run_to_end(run, loop.sink, views, lambda: loop.run(config.reading.max_frames), loop.hand_on)
    return 1 if loop.failed else 0


def _control(config: Config, options: RunOptions) -> RunControl:
    may = partial(may_reload, check_settings, options.again)
    return RunControl(options.was_asked, may, _open_updates(config), options.settings_file)


def _closed_at_end(loop: CameraLoop | Loop) -> list[FrameOutputs | Collector]:
    """What a loop writes to, besides its sink."""
    return [loop.views, *([loop.collector] if loop.collector else [])]


def _run_loop(loop: Loop, source: Source, config: Config, run: RunControl) -> None:
    """Run a loop over its source to the end."""
    read = partial(loop.run, source, config.reading.max_frames)
    run_to_end(run, loop.sink, _closed_at_end(loop), read, partial(loop.hand_on, source))


def _open_shaped(config: Config) -> Source:
    """Open the configured source, with its frames renamed and rotated as configured."""
    source = name_frames(_open(config), config.capture.source_name)
    return shape_frames(source, config.capture.rotate, config.capture.every)


def _open(config: Config) -> Source:
    """Open the configured source as it is."""
    wanted = config.capture
    give_up_s = wanted.give_up.total_seconds()
    if wanted.camera is not None:
        return open_camera(wanted.camera, CaptureOptions(wanted.size_wh, wanted.fps, give_up_s))
    return open_source(wanted.source, give_up_s)


def _open_cameras_loop(config: Config, run: RunControl, replay: float | None) -> CamerasLoop:
    """Open all configured cameras, with one pair of networks for all of them.

    Args:
        config: the settings.
        run: controls the run.
        replay: see `RunOptions`.
    """
    cameras = {own.capture.source_name: own for own in each_camera(config)}
    for own in cameras.values():
        check_source(own)
    networks = _open_reader(config)
    readers = {name: _open_reader(own, networks).frames for name, own in cameras.items()}
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
        CameraFeed(name, partial(_open_shaped, own), changed, own.capture.give_up.total_seconds())
        for name, own in cameras.items()
    ]
    return CamerasLoop(loops, FairTurns(feeds, changed), delivery.sink, run.beat)


def _open_loop(
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
    opened = _open_reader(config)
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
        reports_left=config.reading.events == "all",
        camera=camera,
        collector=collector,
    )


def _open_reader(config: Config, networks: PlateReader | None = None) -> PlateReader:
    """Open detector and reader as configured.

    Args:
        config: the settings, of one camera where there are several.
        networks: a reader whose networks are used again; None to load them.
    """
    return PlateReader(
        _model_path(config, "detector"),
        _model_path(config, "reader"),
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


def _open_updates(config: Config) -> UpdateWorker | None:
    """Open the worker for model updates; None if updates are off."""
    if not config.update.models:
        return None
    from lpr_edge.updates.from_settings import open_update_worker

    return open_update_worker(config)


def _model_path(config: Config, name: str) -> Path:
    """The file of the network with this name, such as `detector`."""
    path = model_file(config, name)
    log_debug(f"{name}: {path}")
    return path
