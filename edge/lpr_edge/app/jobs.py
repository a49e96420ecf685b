"""Jobs of `lpr-edge` that end by themselves: models described, lists hashed, images read."""

import sys
from collections.abc import Callable
from pathlib import Path

from lpr_edge.base.log import warn
from lpr_edge.capture.frame import Frame, NoFrame, UnreadableImage
from lpr_edge.capture.open_source import open_source
from lpr_edge.capture.transform import name_frames
from lpr_edge.config.config import Config
from lpr_edge.contract.records import Record
from lpr_edge.contract.run.model_types import NAMED_TYPES
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_edge.text.grammar import Grammar
from lpr_edge.tracking.event_record import error_record
from lpr_edge.updates.model_files import given_file


def hash_list(config: Config, path: Path, grammar: Grammar) -> int:
    """Print a watch list with hashes in place of plates."""
    from lpr_edge.watchlist.hashed_list import write_hashed_list
    from lpr_edge.wiring.wire_hashing import open_hasher

    write_hashed_list(path, grammar, open_hasher(config, grammar).hash_key, sys.stdout)
    return 0


def show_info(config: Config, as_json: bool) -> int:
    """Print the models' manifests."""
    from lpr_edge.app.model_info import print_info

    given = [path for name in NAMED_TYPES if (path := given_file(config, name))]
    print_info(given or [shipped_model(name, config.models.runtime) for name in NAMED_TYPES], as_json, sys.stdout)
    return 0


def read_each(config: Config, path: str, read: Callable[[Frame], Record]) -> int:
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
