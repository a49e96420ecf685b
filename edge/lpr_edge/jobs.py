"""The jobs of `lpr-edge`, one function each."""

import argparse
import sys
from pathlib import Path

from lpr_edge import amounts
from lpr_edge.config import Config
from lpr_edge.contract.errors import LprError
from lpr_edge.frames import Source, Unreadable, Wanted, open_camera, open_source, shape_frames
from lpr_edge.loop import Loop
from lpr_edge.pipeline import PlateReader
from lpr_edge.records import character_record, error_record
from lpr_edge.runtimes import Model, open_model
from lpr_edge.shipped import KINDS, OPTIONS, shipped_model
from lpr_edge.sinks import JsonLines, Sink, open_sinks
from lpr_edge.sinks.opening import default_store
from lpr_edge.stopping import stopping_on_sigterm
from lpr_edge.views import open_views
from lpr_edge.vitals import Vitals
from lpr_edge.web.opening import LivePage, open_page
from lpr_edge.zone import parse_zone


def run_job(arguments: argparse.Namespace, config: Config) -> int:
    """Do what the command line asks for; the exit status.

    Raises:
        LprError: what can't be had or done, in one line.
    """
    if arguments.info:
        return show_info(config, arguments.json)
    if arguments.characters:
        return read_characters(config, arguments.characters)
    if arguments.demo:
        return run_demo(config)
    return read_plates(config, shape_frames(_open(config), config.rotate, config.every))


def _open(config: Config) -> Source:
    give_up_s = amounts.seconds(config.give_up, "give_up")
    if config.camera is not None:
        return open_camera(config.camera, Wanted(config.size_wh, config.fps, give_up_s))
    return open_source(config.source, give_up_s)


def show_info(config: Config, as_json: bool) -> int:
    """Print the models' manifests."""
    from lpr_edge.info import print_info

    given = [path for name in KINDS if (path := _given(config, name))]
    print_info(given or [shipped_model(name, config.runtime) for name in KINDS], as_json, sys.stdout)
    return 0


def read_characters(config: Config, path: str) -> int:
    """Classify each picture of a file or folder."""
    from lpr_edge.classifier import Classifier

    source = open_source(path)
    classifier = Classifier(_load(config, "characters"))
    sink = JsonLines(sys.stdout)
    failures = 0
    for number, frame in enumerate(source.frames, 1):
        if isinstance(frame, Unreadable):
            failures += 1
            print(f"lpr-edge: {frame.error}", file=sys.stderr)
            sink.write(error_record(frame))
        else:
            sink.write(character_record(frame.source, *classifier.classify(frame.image_bgr)))
        if number == config.max_frames:
            break
    return 1 if failures else 0


def run_demo(config: Config) -> int:
    """Read the demo clip, and tell what was right."""
    from lpr_edge.demo import open_demo, report

    source, truth = open_demo()
    loop = _loop(config, source)
    loop.describe = truth.describe
    _run(loop, source, config.max_frames)
    report(truth, loop.frames, loop.milliseconds)
    return 0


def read_plates(config: Config, source: Source) -> int:
    """Read a source to its end; 1 where a picture of it can't be read."""
    loop = _loop(config, source)
    _run(loop, source, config.max_frames)
    return 1 if loop.unreadable else 0


def _loop(config: Config, source: Source) -> Loop:
    from lpr_edge.detector import Detector
    from lpr_edge.reader import Reader

    if config.stores and source.kind == "stills":
        raise LprError(f"{source.name} is pictures, which give no events to store or send on: write stdout to a file")
    detector, reader = Detector(_load(config, "detector")), Reader(_load(config, "reader"))
    zone = parse_zone(config.roi) if config.roi else None
    plate_reader = PlateReader(detector, reader, config.min_confidence, zone)
    views = open_views(source, config.show, config.save_video, config.save_images, config.every_frame)
    vitals = _open_vitals(config, plate_reader)
    sink = open_sinks(config, JsonLines(sys.stdout), vitals)
    views.page = _open_page(config, vitals, sink)
    return Loop(plate_reader, sink, views, config.every_frame, gap=config.gap_time, vitals=vitals)


def _open_vitals(config: Config, reader: PlateReader) -> Vitals:
    models = {"detector": reader.detector.model, "reader": reader.reader.model}
    names = {
        kind: f"{model.path.name} {model.manifest.weights_sha256[:8]} ({model.runtime_name} {model.runtime_version})"
        for kind, model in models.items()
    }
    return Vitals(config.device_name, names, (config.store or default_store()).parent)


def _open_page(config: Config, vitals: Vitals, sink: Sink) -> LivePage | None:
    if not config.web:
        return None
    try:
        return open_page(config.web, config.web_token, vitals, amounts.seconds(config.health_after, "health_after"))
    except LprError:
        sink.close()
        raise


def _run(loop: Loop, source: Source, max_frames: int | None) -> None:
    with stopping_on_sigterm():
        try:
            loop.run(source, max_frames)
        finally:
            loop.views.close()
            loop.sink.close()


def _load(config: Config, name: str) -> Model:
    path = _given(config, name) or shipped_model(name, config.runtime)
    return open_model(path, config.runtime, config.threads)


def _given(config: Config, name: str) -> Path | None:
    """The file that the user gave in place of a shipped model."""
    path: Path | None = getattr(config, OPTIONS[name].removeprefix("--"))
    return path
