"""The jobs of `lpr-edge`, one function each."""

import argparse
import sys
from pathlib import Path

from lpr_edge.frames import Source, Unreadable, open_camera, open_source
from lpr_edge.loop import Loop
from lpr_edge.pipeline import PlateReader
from lpr_edge.records import character_record, error_record
from lpr_edge.runtimes import Model, open_model
from lpr_edge.shipped import KINDS, OPTIONS, shipped_model
from lpr_edge.sinks import JsonLines
from lpr_edge.views import open_views


def run_job(arguments: argparse.Namespace) -> int:
    """Do what the command line asks for; the exit status.

    Raises:
        LprError: what can't be had or done, in one line.
    """
    if arguments.info:
        return show_info(arguments)
    if arguments.characters:
        return read_characters(arguments)
    if arguments.demo:
        return run_demo(arguments)
    source = open_camera(arguments.camera) if arguments.camera is not None else open_source(arguments.source)
    return read_plates(arguments, source)


def show_info(arguments: argparse.Namespace) -> int:
    """Print the models' manifests."""
    from lpr_edge.info import print_info

    given = [path for name in KINDS if (path := _given(arguments, name))]
    print_info(given or [shipped_model(name, arguments.runtime) for name in KINDS], arguments.json, sys.stdout)
    return 0


def read_characters(arguments: argparse.Namespace) -> int:
    """Classify each picture of a file or folder."""
    from lpr_edge.classifier import Classifier

    source = open_source(arguments.characters)
    classifier = Classifier(_load(arguments, "characters"))
    sink = JsonLines(sys.stdout)
    failures = 0
    for number, frame in enumerate(source.frames, 1):
        if isinstance(frame, Unreadable):
            failures += 1
            print(f"lpr-edge: {frame.error}", file=sys.stderr)
            sink.write(error_record(frame))
        else:
            label, confidence = classifier.classify(frame.image_bgr)
            sink.write(character_record(frame.source, label, confidence))
        if number == arguments.max_frames:
            break
    return 1 if failures else 0


def run_demo(arguments: argparse.Namespace) -> int:
    """Read the demo clip, and tell what was right."""
    from lpr_edge.demo import open_demo, report

    source, truth = open_demo()
    loop = _loop(arguments, source)
    loop.describe = truth.describe
    _run(loop, source, arguments.max_frames)
    report(truth, loop.frames, loop.milliseconds)
    return 0


def read_plates(arguments: argparse.Namespace, source: Source) -> int:
    """Read a source to its end; 1 where a picture of it can't be read."""
    loop = _loop(arguments, source)
    _run(loop, source, arguments.max_frames)
    return 1 if loop.unreadable else 0


def _loop(arguments: argparse.Namespace, source: Source) -> Loop:
    from lpr_edge.detector import Detector
    from lpr_edge.reader import Reader

    detector, reader = Detector(_load(arguments, "detector")), Reader(_load(arguments, "reader"))
    plate_reader = PlateReader(detector, reader, arguments.min_confidence)
    views = open_views(source, arguments.show, arguments.save_video, arguments.save_images, arguments.every_frame)
    return Loop(plate_reader, JsonLines(sys.stdout), views, arguments.every_frame)


def _run(loop: Loop, source: Source, max_frames: int | None) -> None:
    try:
        loop.run(source, max_frames)
    finally:
        loop.views.close()


def _load(arguments: argparse.Namespace, name: str) -> Model:
    path = _given(arguments, name) or shipped_model(name, arguments.runtime)
    return open_model(path, arguments.runtime, arguments.threads)


def _given(arguments: argparse.Namespace, name: str) -> Path | None:
    """The file that the user gave in place of a shipped model."""
    path: Path | None = getattr(arguments, OPTIONS[name].removeprefix("--"))
    return path
