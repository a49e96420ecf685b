"""What `lpr-edge` does for a command line: a job, or a run over a source."""

import argparse
import sys
from dataclasses import replace
from functools import partial

from lpr_edge.api import Classifier
from lpr_edge.app.jobs import hash_list, read_each, show_info
from lpr_edge.app.run.cameras_loop import CameraLoop
from lpr_edge.app.run.loop import Loop
from lpr_edge.app.run.open_loop import (
    model_path,
    open_cameras_loop,
    open_configured,
    open_loop,
    open_reader,
    open_shaped,
    open_updates,
)
from lpr_edge.app.run.run_control import Again, RunControl, may_reload
from lpr_edge.app.run.run_to_end import RunOptions, WasAsked, run_to_end
from lpr_edge.capture.frame import Source
from lpr_edge.collect.collector import Collector
from lpr_edge.config.config import Config
from lpr_edge.tracking.event_record import character_record, crop_record
from lpr_edge.updates.model_files import configured_runtime
from lpr_edge.wiring.config_check import check_settings, open_grammar
from lpr_edge.wiring.frame_outputs import FrameOutputs


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
    return read_plates(config, open_shaped(config), options)


def _reads_plates(arguments: argparse.Namespace) -> bool:
    """Whether a command line only reads a camera, stream or video."""
    jobs = ("info", "characters", "crops", "demo", "doctor", "hash_list")
    return not any(getattr(arguments, job) for job in jobs)


def run_doctor(config: Config, as_json: bool) -> int:
    """Check this device with these settings; 1 if something must be fixed. Without a source, camera 0 is checked."""
    from lpr_edge.app.doctor.examination import examine, report

    looked_at = config if config.has_source else replace(config, capture=replace(config.capture, camera=0))
    findings = examine(looked_at, open_configured, lambda: open_reader(looked_at).frames)
    return report(findings, as_json, sys.stdout)


def read_characters(config: Config, path: str) -> int:
    """Classify each image of a file or folder."""
    classifier = Classifier(
        model_path(config, "characters"), runtime=configured_runtime(config), threads=config.models.threads
    )
    return read_each(config, path, lambda frame: character_record(frame.source, *classifier.classify(frame.image_bgr)))


def read_crops(config: Config, path: str) -> int:
    """Read the plate on each image of a file or folder of cropped plates."""
    reader = open_reader(config)
    return read_each(config, path, lambda frame: crop_record(frame, reader.read_cropped(frame.image_bgr)))


def run_demo(config: Config) -> int:
    """Read the demo clip, and report which plates were right."""
    from lpr_edge.app.demo import open_demo, report

    source, truth = open_demo()
    run = RunControl(lambda: False, partial(may_reload, check_settings, None))
    loop = open_loop(config, source, run, describe=truth.describe)
    _run_loop(loop, source, config, run)
    report(truth, loop.frames, loop.milliseconds)
    return 0


def read_plates(config: Config, source: Source, options: RunOptions) -> int:
    """Read a source to its end; 1 if one of its images can't be read."""
    run = _control(config, options)
    loop = open_loop(config, source, run, options.replay)
    loop.take_over(source)
    _run_loop(loop, source, config, run)
    return 1 if loop.unreadable else 0


def read_cameras(config: Config, options: RunOptions) -> int:
    """Read several cameras until all have ended; 1 if one of them failed."""
    run = _control(config, options)
    loop = open_cameras_loop(config, run, options.replay)
    loop.take_over()
    views = [view for one in loop.loops.values() for view in _closed_at_end(one)]
    run_to_end(run, loop.sink, views, lambda: loop.run(config.reading.max_frames), loop.hand_on)
    return 1 if loop.failed else 0


def _control(config: Config, options: RunOptions) -> RunControl:
    may = partial(may_reload, check_settings, options.again)
    return RunControl(options.was_asked, may, open_updates(config), options.settings_file)


def _closed_at_end(loop: CameraLoop | Loop) -> list[FrameOutputs | Collector]:
    """What a loop writes to, besides its sink."""
    return [loop.views, *([loop.collector] if loop.collector else [])]


def _run_loop(loop: Loop, source: Source, config: Config, run: RunControl) -> None:
    """Run a loop over its source to the end."""
    read = partial(loop.run, source, config.reading.max_frames)
    run_to_end(run, loop.sink, _closed_at_end(loop), read, partial(loop.hand_on, source))
