"""The jobs of `lpr-edge`, one function each."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lpr_edge.api import Classifier, PlateReader
from lpr_edge.app.loop import Loop
from lpr_edge.base import units
from lpr_edge.base.config import Config
from lpr_edge.base.log import detail, say, warn
from lpr_edge.base.signals import Reloading
from lpr_edge.capture.frame import Frame, NoFrame, Source, UnreadableImage
from lpr_edge.capture.open_source import CaptureOptions, open_camera, open_source
from lpr_edge.capture.transform import name_frames, shape_frames
from lpr_edge.contract.errors import LprError
from lpr_edge.contract.records import Record
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.privacy.blur import PlateBlurrer
from lpr_edge.runtimes.shipped_models import KINDS, given_file, model_file, shipped_model
from lpr_edge.service.sd_notify import SystemdNotifier
from lpr_edge.tracking.event_record import character_record, crop_record, error_record
from lpr_edge.wiring.frame_outputs import open_frame_outputs
from lpr_edge.wiring.wire_delivery import open_sinks
from lpr_edge.wiring.wire_web import open_live_page, open_runtime_stats

Again = Callable[[], Config]
"""Reads the settings once more."""
WasAsked = Callable[[], bool]
"""Tells whether SIGHUP has come since it was last asked."""


def run_job(
    arguments: argparse.Namespace, config: Config, again: Again | None = None, was_asked: WasAsked = lambda: False
) -> int:
    """Do what the command line asks for; the exit status.

    Args:
        arguments: what to do.
        config: the settings.
        again: reads the settings once more, when SIGHUP comes; None where nothing can begin again.
        was_asked: tells whether SIGHUP has come.

    Raises:
        LprError: what can't be had or done, in one line.
    """
    if arguments.info:
        return show_info(config, arguments.json)
    if arguments.characters:
        return read_characters(config, arguments.characters)
    if arguments.crops:
        return read_crops(config, arguments.crops)
    if arguments.demo:
        return run_demo(config)
    if arguments.doctor:
        return see_doctor(config, arguments.json)
    if arguments.hash_list:
        return hash_list(config, arguments.hash_list)
    if arguments.install_service:
        from lpr_edge.service.install import install_service

        install_service(config, arguments.config, arguments.print, sys.stdout)
        return 0
    source = name_frames(_open(config), config.source_name)
    return read_plates(config, shape_frames(source, config.rotate, config.every), again, was_asked, arguments.replay)


def _open(config: Config) -> Source:
    give_up_s = units.seconds(config.give_up, "give_up")
    if config.camera is not None:
        return open_camera(config.camera, CaptureOptions(config.size_wh, config.fps, give_up_s))
    return open_source(config.source, give_up_s)


def see_doctor(config: Config, as_json: bool) -> int:
    """Check this device, with these settings; 1 where something must be repaired. Without a source: camera 0."""
    from lpr_edge.app.doctor.examination import examine, report

    looked_at = config if config.source or config.camera is not None else replace(config, camera=0)
    findings = examine(looked_at, lambda: _open(looked_at), lambda: _open_reader(looked_at).frames)
    return report(findings, as_json, sys.stdout)


def hash_list(config: Config, path: Path) -> int:
    """Print a watch list with hashes in place of plates."""
    from lpr_edge.watchlist.hashed_list import write_hashed_list
    from lpr_edge.wiring.config_check import open_grammar
    from lpr_edge.wiring.wire_lists import open_hasher

    grammar = open_grammar(config)
    write_hashed_list(path, grammar, open_hasher(config, grammar).hash_key, sys.stdout)
    return 0


def show_info(config: Config, as_json: bool) -> int:
    """Print the models' manifests."""
    from lpr_edge.app.model_info import print_info

    given = [path for name in KINDS if (path := given_file(config, name))]
    print_info(given or [shipped_model(name, config.runtime) for name in KINDS], as_json, sys.stdout)
    return 0


def read_characters(config: Config, path: str) -> int:
    """Classify each picture of a file or folder."""
    classifier = Classifier(_model_path(config, "characters"), runtime=config.runtime, threads=config.threads)
    return _read_each(config, path, lambda frame: character_record(frame.source, *classifier.classify(frame.image_bgr)))


def read_crops(config: Config, path: str) -> int:
    """Read the plate on each image of a file or folder of cropped plates."""
    reader = _open_reader(config)
    return _read_each(config, path, lambda frame: crop_record(frame, reader.read_cropped(frame.image_bgr)))


def _read_each(config: Config, path: str, read: Callable[[Frame], Record]) -> int:
    """Print a record for each image of a file or folder; 1 where one can't be read."""
    source = name_frames(open_source(path), config.source_name)
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
        if number == config.max_frames:
            break
    return 1 if failures else 0


def run_demo(config: Config) -> int:
    """Read the demo clip, and tell what was right."""
    from lpr_edge.app.demo import open_demo, report

    source, truth = open_demo()
    loop = _loop(config, source)
    loop.describe = truth.describe
    _run(loop, source, config, None, lambda: False)
    report(truth, loop.frames, loop.milliseconds)
    return 0


def read_plates(
    config: Config,
    source: Source,
    again: Again | None = None,
    was_asked: WasAsked = lambda: False,
    replay: float | None = None,
) -> int:
    """Read a source to its end; 1 where a picture of it can't be read.

    Args:
        config: the settings.
        source: gives frames.
        again: see `run_job`.
        was_asked: whether SIGHUP has come.
        replay: sinks are sent the events that they never had and that were stored since then, in seconds since 1970;
            None for none.
    """
    loop = _loop(config, source, replay)
    loop.take_over(source)
    _run(loop, source, config, again, was_asked)
    return 1 if loop.unreadable else 0


def _loop(config: Config, source: Source, replay: float | None = None) -> Loop:
    if config.stores and source.kind == "stills":
        raise LprError(f"{source.name} is pictures, which give no events to store or send on: write stdout to a file")
    opened = _open_reader(config)
    plate_reader = opened.photographs if source.kind == "stills" else opened.frames
    views = open_frame_outputs(source, config.show, config.save_video, config.save_images, config.every_frame)
    views.captions = not config.blurs
    stats = open_runtime_stats(config, opened.models)
    sink = open_sinks(config, JsonLines(sys.stdout), plate_reader.reader, stats, replay)
    views.page = open_live_page(config, stats, sink)
    loop = Loop(
        plate_reader, sink, views, config.every_frame, gap=config.gap_time, stats=stats, any_text=config.any_text
    )
    loop.blurrer = PlateBlurrer() if config.blurs else None
    return loop


def _open_reader(config: Config) -> PlateReader:
    return PlateReader(
        _model_path(config, "detector"),
        _model_path(config, "reader"),
        min_confidence=config.min_confidence,
        runtime=config.runtime,
        threads=config.threads,
        roi=config.roi,
        tta=config.looks,
    )


def _run(loop: Loop, source: Source, config: Config, again: Again | None, was_asked: WasAsked) -> None:
    notifier = SystemdNotifier()

    def beat() -> None:
        notifier.beat()
        if was_asked() and may_reload(again):
            raise Reloading

    loop.beat = beat
    notifier.ready()
    try:
        loop.run(source, config.max_frames)
    except Reloading:
        notifier.reloading()
        loop.hand_on(source)
        raise
    except BaseException as end:
        if isinstance(end, KeyboardInterrupt):
            loop.sink.hurry()
        notifier.stopping()
        raise
    finally:
        loop.views.close()
        loop.sink.close()


def may_reload(again: Again | None) -> bool:
    """Tell whether there are new settings that can be used; says what is wrong where they can't.

    Args:
        again: gives them; None where this process can't begin again.
    """
    if again is None:
        warn("SIGHUP was heard, and only the command lpr-edge itself can begin again: nothing was changed")
        return False
    from lpr_edge.wiring.config_check import check_settings

    try:
        check_settings(again())
    except (LprError, SystemExit) as error:  # wrong usage exits, and has said why
        warn(f"{'' if isinstance(error, SystemExit) else f'{error} '}The settings stay as they were.")
        return False
    say("begins again with the settings as they are now")
    return True


def _model_path(config: Config, name: str) -> Path:
    path = model_file(config, name)
    detail(f"{name}: {path}")
    return path
