"""The jobs of `lpr-edge`, one function each."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Condition

from lpr_edge.api import Classifier, PlateReader
from lpr_edge.app.cameras_loop import CameraLoop, CamerasLoop
from lpr_edge.app.loop import Loop
from lpr_edge.app.run_control import RunControl
from lpr_edge.base.log import log_debug, log_info, warn
from lpr_edge.base.signals import Reloading
from lpr_edge.cameras.feed import CameraFeed
from lpr_edge.cameras.turns import FairTurns
from lpr_edge.capture.frame import Frame, NoFrame, Source, UnreadableImage
from lpr_edge.capture.open_source import CaptureOptions, open_camera, open_source
from lpr_edge.capture.transform import name_frames, shape_frames
from lpr_edge.collect.collector import Collector
from lpr_edge.config.config import Config, each_camera
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.records import Record
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_edge.delivery.sink import Sink
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.privacy.blur import PlateBlurrer
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_edge.tracking.event import Event
from lpr_edge.tracking.event_record import character_record, crop_record, error_record, event_record
from lpr_edge.updates.model_files import configured_runtime, given_file, model_file
from lpr_edge.updates.update_worker import UpdateWorker
from lpr_edge.wiring.config_check import check_source
from lpr_edge.wiring.frame_outputs import FrameOutputs, open_camera_outputs, open_frame_outputs
from lpr_edge.wiring.wire_collect import open_collectors
from lpr_edge.wiring.wire_delivery import open_delivery
from lpr_edge.wiring.wire_pages import open_pages
from lpr_edge.wiring.wire_web import open_live_page

Again = Callable[[], Config]
"""Reads the settings once more."""
WasAsked = Callable[[], bool]
"""Returns whether SIGHUP has come since the last call."""


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
        return hash_list(config, arguments.hash_list)
    if config.cameras:
        return read_cameras(config, again, was_asked, arguments.replay, arguments.config)
    return read_plates(config, _open_shaped(config), again, was_asked, arguments.replay, arguments.config)


def _reads_plates(arguments: argparse.Namespace) -> bool:
    """Whether a command line only reads a camera, stream or video."""
    jobs = ("info", "characters", "crops", "demo", "doctor", "hash_list")
    return not any(getattr(arguments, job) for job in jobs)


def _open_updates(config: Config) -> UpdateWorker | None:
    """Open the worker for model updates; None if updates are off."""
    if not config.update.models:
        return None
    from lpr_edge.updates.from_settings import open_update_worker

    return open_update_worker(config)


def _open_shaped(config: Config) -> Source:
    """Open the configured source, with its frames renamed and rotated as configured."""
    source = name_frames(_open(config), config.capture.source_name)
    return shape_frames(source, config.capture.rotate, config.capture.every)


def _open(config: Config) -> Source:
    wanted = config.capture
    give_up_s = wanted.give_up.total_seconds()
    if wanted.camera is not None:
        return open_camera(wanted.camera, CaptureOptions(wanted.size_wh, wanted.fps, give_up_s))
    return open_source(wanted.source, give_up_s)


def run_doctor(config: Config, as_json: bool) -> int:
    """Check this device with these settings; 1 if something must be fixed. Without a source, camera 0 is checked."""
    from lpr_edge.app.doctor.examination import examine, report

    looked_at = config if config.has_source else replace(config, capture=replace(config.capture, camera=0))
    findings = examine(looked_at, _open, lambda: _open_reader(looked_at).frames)
    return report(findings, as_json, sys.stdout)


def hash_list(config: Config, path: Path) -> int:
    """Print a watch list with hashes in place of plates."""
    from lpr_edge.watchlist.hashed_list import write_hashed_list
    from lpr_edge.wiring.config_check import open_grammar
    from lpr_edge.wiring.wire_hashing import open_hasher

    grammar = open_grammar(config)
    write_hashed_list(path, grammar, open_hasher(config, grammar).hash_key, sys.stdout)
    return 0


def show_info(config: Config, as_json: bool) -> int:
    """Print the models' manifests."""
    from lpr_edge.app.model_info import print_info

    given = [path for name in NAMED_TYPES if (path := given_file(config, name))]
    print_info(given or [shipped_model(name, config.models.runtime) for name in NAMED_TYPES], as_json, sys.stdout)
    return 0


def read_characters(config: Config, path: str) -> int:
    """Classify each image of a file or folder."""
    classifier = Classifier(
        _model_path(config, "characters"), runtime=configured_runtime(config), threads=config.models.threads
    )
    return _read_each(config, path, lambda frame: character_record(frame.source, *classifier.classify(frame.image_bgr)))


def read_crops(config: Config, path: str) -> int:
    """Read the plate on each image of a file or folder of cropped plates."""
    reader = _open_reader(config)
    return _read_each(config, path, lambda frame: crop_record(frame, reader.read_cropped(frame.image_bgr)))


def _read_each(config: Config, path: str, read: Callable[[Frame], Record]) -> int:
    """Print a record for each image of a file or folder; 1 if one can't be read."""
    source = name_frames(open_source(path), config.capture.source_name)
    sink = JsonLines(sys.stdout)
    failures = 0
    pictures = (frame for frame in source.frames if not isinstance(frame, NoFrame))
    for number, frame in enumerate(pictures, 1):
        if isinstance(frame, UnreadableImage):
            failures += 1
            warn(frame.error)
            sink.write(error_record(frame))
        else:
            sink.write(read(frame))
        if number == config.reading.max_frames:
            break
    return 1 if failures else 0


def run_demo(config: Config) -> int:
    """Read the demo clip, and report which plates were right."""
    from lpr_edge.app.demo import open_demo, report

    source, truth = open_demo()
    run = RunControl(lambda: False, partial(may_reload, None))
    loop = _loop(config, source, run, describe=truth.describe)
    _run_loop(loop, source, config, run)
    report(truth, loop.frames, loop.milliseconds)
    return 0


def read_plates(
    config: Config,
    source: Source,
    again: Again | None = None,
    was_asked: WasAsked = lambda: False,
    replay: float | None = None,
    settings_file: Path | None = None,
) -> int:
    """Read a source to its end; 1 if one of its images can't be read.

    Args:
        config: the settings.
        source: gives frames.
        again: see `run_job`.
        was_asked: whether SIGHUP has come.
        replay: sinks are sent the events that they never had and that were stored since then, in seconds since 1970;
            None for none.
        settings_file: that was given, which the page may change.
    """
    run = RunControl(was_asked, partial(may_reload, again), _open_updates(config), settings_file)
    loop = _loop(config, source, run, replay)
    loop.take_over(source)
    _run_loop(loop, source, config, run)
    return 1 if loop.unreadable else 0


def read_cameras(
    config: Config,
    again: Again | None = None,
    was_asked: WasAsked = lambda: False,
    replay: float | None = None,
    settings_file: Path | None = None,
) -> int:
    """Read several cameras until all have ended; 1 if one of them failed.

    Args:
        config: the settings.
        again: see `run_job`.
        was_asked: whether SIGHUP has come.
        replay: see `read_plates`.
        settings_file: see `read_plates`.
    """
    run = RunControl(was_asked, partial(may_reload, again), _open_updates(config), settings_file)
    loop = _cameras_loop(config, run, replay)
    loop.take_over()
    views = [view for one in loop.loops.values() for view in _closed_at_end(one)]
    _run(run, loop.sink, views, lambda: loop.run(config.reading.max_frames), loop.hand_on)
    return 1 if loop.failed else 0


def _cameras_loop(config: Config, run: RunControl, replay: float | None) -> CamerasLoop:
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
        name: Loop(
            readers[name],
            delivery.sink,
            replace(views[name], page=page),
            own.reading.every_frame,
            gap=own.reading.gap,
            stats=delivery.stats,
            any_text=own.reading.any_text,
            blurrer=blurrer,
            beat=run.beat,
            line=own.capture.line.ends_xy if own.capture.line else None,
            reports_left=own.reading.events == "all",
            camera=name,
            collector=collector,
        )
        for (name, own), collector in zip(cameras.items(), collectors, strict=True)
    }
    changed = Condition()
    feeds = [
        CameraFeed(name, partial(_open_shaped, own), changed, own.capture.give_up.total_seconds())
        for name, own in cameras.items()
    ]
    return CamerasLoop(loops, FairTurns(feeds, changed), delivery.sink, run.beat)


def _loop(
    config: Config,
    source: Source,
    run: RunControl,
    replay: float | None = None,
    describe: Callable[[Event], Record] = event_record,
) -> Loop:
    if config.stores and source.kind == "stills":
        raise LprError(f"{source.name} contains images, which give no events: write stdout to a file")
    opened = _open_reader(config)
    plate_reader = opened.photographs if source.kind == "stills" else opened.frames
    (collector,) = open_collectors(config, plate_reader.reader, 1)
    views = open_frame_outputs(source, config)
    delivery = open_delivery(config, JsonLines(sys.stdout), plate_reader.reader, opened.models, replay, run.updates)
    page = open_live_page(config, delivery.stats, delivery.sink, partial(open_pages, settings_file=run.settings_file))
    return Loop(
        plate_reader,
        delivery.sink,
        replace(views, page=page),
        config.reading.every_frame,
        describe,
        gap=config.reading.gap,
        stats=delivery.stats,
        any_text=config.reading.any_text,
        blurrer=PlateBlurrer() if config.privacy.blurs else None,
        beat=run.beat,
        line=config.capture.line.ends_xy if config.capture.line else None,
        reports_left=config.reading.events == "all",
        collector=collector,
    )


def _open_reader(config: Config, networks: PlateReader | None = None) -> PlateReader:
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


def _closed_at_end(loop: CameraLoop | Loop) -> list[FrameOutputs | Collector]:
    return [loop.views, *([loop.collector] if loop.collector else [])]


def _run_loop(loop: Loop, source: Source, config: Config, run: RunControl) -> None:
    read = partial(loop.run, source, config.reading.max_frames)
    _run(run, loop.sink, _closed_at_end(loop), read, partial(loop.hand_on, source))


def _run(
    run: RunControl,
    sink: Sink,
    views: Sequence[FrameOutputs | Collector],
    read: Callable[[], None],
    hand_on: Callable[[], None],
) -> None:
    """Read to the end, then close outputs and sink; each step is reported to systemd.

    Args:
        run: see `RunControl`.
        sink: takes the records.
        views: of each camera, and what collects of it.
        read: does the work.
        hand_on: leaves what the run after a reload goes on with.
    """
    notifier = run.notifier
    notifier.ready()
    try:
        read()
    except Reloading:
        notifier.reloading()
        hand_on()
        raise
    except BaseException as end:
        if isinstance(end, KeyboardInterrupt):
            sink.stop_waiting()
        notifier.stopping()
        raise
    finally:
        for view in views:
            view.close()
        run.close()
        sink.close()


def may_reload(again: Again | None) -> bool:
    """Whether the new settings are valid; reports the error if they aren't.

    Args:
        again: gives them; None where this process can't begin again.
    """
    if again is None:
        warn("SIGHUP came, and only the command lpr-edge can restart itself: nothing was changed")
        return False
    from lpr_edge.wiring.config_check import check_settings

    try:
        check_settings(again())
    except (LprError, SystemExit) as error:  # wrong usage exits, and has said why
        warn(f"{'' if isinstance(error, SystemExit) else f'{error} '}The settings stay as they were.")
        return False
    log_info("begins again with the settings as they are now")
    return True


def _model_path(config: Config, name: str) -> Path:
    path = model_file(config, name)
    log_debug(f"{name}: {path}")
    return path
