"""Runs all checks, and prints their results."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TextIO

import numpy as np

from lpr_edge.app.doctor.camera import check_camera
from lpr_edge.app.doctor.machine import check_machine
from lpr_edge.base.finding import Finding, State, fine, graded
from lpr_edge.capture.frame import Source
from lpr_edge.config.config import Config
from lpr_edge.config.loading import each_camera
from lpr_edge.contract.base.errors import LprError
from lpr_edge.updates.model_files import configured_runtime
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.watchlist.on_match import configured_relay
from lpr_edge.watchlist.relay import check_relay
from lpr_edge.wiring.wire_hashing import configured_hasher
from lpr_edge.wiring.wire_lists import load_watch_list
from lpr_edge.wiring.wire_sinks import enabled_sinks, site_of

ROUNDS = 10
SLOW_MS = 200.0
"""Below five frames a second a vehicle that passes quickly is seen once or not at all."""


def examine(
    config: Config,
    open_it: Callable[[Config], Source],
    load: Callable[[], PlatePipeline],
    root: Path = Path("/"),
) -> Iterator[Finding]:
    """Check everything that these settings use.

    Args:
        config: the settings.
        open_it: opens the source that a camera's settings name.
        load: loads the models.
        root: where /sys stands; another folder in tests.
    """
    reader: PlatePipeline | None = None
    try:
        reader = load()
        yield check_speed(reader)
    except LprError as error:
        yield Finding("runtime", State.REPAIR, str(error), "install lpr again, or give other models")
    yield from check_machine(config, root)
    for own in each_camera(config):
        for finding in _camera_findings(own, open_it, reader):
            named = f"{finding.check} {own.capture.source_name}" if config.cameras else finding.check
            yield replace(finding, check=named)
    yield from filter(None, _extension_findings(config))


def _camera_findings(
    config: Config, open_it: Callable[[Config], Source], reader: PlatePipeline | None
) -> Iterator[Finding]:
    """Check a camera, its watch list and its relay."""
    yield from check_camera(partial(open_it, config), reader)
    if config.watchlist.list and reader:
        yield check_list(config, reader)
    if relay := configured_relay(config.watchlist):
        yield check_relay(relay)


def _extension_findings(config: Config) -> Iterator[Finding | None]:
    """Check the chosen runtime and the sinks."""
    runtime = configured_runtime(config)
    if runtime != "auto" and runtime.settings:
        yield runtime.settings.examine()
    site = site_of(config)
    for sink in enabled_sinks(config):
        yield sink.examine(site)


def check_speed(reader: PlatePipeline) -> Finding:
    """Check what runs the networks, and the time for an empty frame; a plate takes slightly longer."""
    frame = np.full((480, 640, 3), 127, np.uint8)
    start = perf_counter()
    for _ in range(ROUNDS):
        reader.read(frame)
    took_ms = 1000 * (perf_counter() - start) / ROUNDS
    model = reader.detector.model
    found = f"{model.runtime_name} {model.runtime_version}, {took_ms:.1f} ms an empty frame"
    return graded("runtime", found, "try --threads 2, or --runtime litert", False, took_ms > SLOW_MS)


def check_list(config: Config, reader: PlatePipeline) -> Finding:
    """Check whether the watch list can be read, and how many of its plates no form allows."""
    grammar = reader.reader.grammar
    try:
        watch_list = load_watch_list(config, grammar, configured_hasher(config, grammar))
    except LprError as error:
        return Finding("list", State.REPAIR, str(error), "correct it: until then no match is reported")
    odd = ", ".join(map(str, watch_list.odd))
    if not odd:
        return fine("list", f"{watch_list.count} plates")
    return Finding("list", State.LOOK, f"no plate of the country in lines {odd}", "look for typing mistakes there")


def report(findings: Iterable[Finding], as_json: bool, stream: TextIO) -> int:
    """Print findings as they come; returns the exit status, 1 if something must be fixed.

    Args:
        findings: what was found.
        as_json: one JSON object with all of them at the end, in place of text.
        stream: where to.
    """
    kept = []
    for finding in findings:
        kept.append(finding)
        if not as_json:
            remedy = f"\n{'':>20}-> {finding.remedy}" if finding.remedy else ""
            print(f"{finding.state:<7} {finding.check:<12} {finding.found}{remedy}", file=stream, flush=True)
    if as_json:
        print(json.dumps({"findings": [vars(finding) for finding in kept]}, ensure_ascii=False), file=stream)
    return 1 if any(finding.state is State.REPAIR for finding in kept) else 0
