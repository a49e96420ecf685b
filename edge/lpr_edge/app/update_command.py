"""`lpr-edge update`: look once for models in the repository of `--models`, and switch to them if they pass."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

EPILOG = """\
A device that runs with --models does the same by itself. Exit status: 0 the newest models are active; 1 something was
refused, or can't be had, and the models that ran before go on.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of `lpr-edge update`."""
    from lpr_edge.config.input_groups import ModelConfig, UpdateConfig
    from lpr_edge.config.output_groups import DeliveryConfig
    from lpr_edge.contract.settings.flags import add_flags

    parser = argparse.ArgumentParser(prog="lpr-edge update", description=__doc__, epilog=EPILOG, allow_abbrev=False)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; LPR_... and flags go over it")
    parser.add_argument("--show", action="store_true", help="print how the models stand, and look for nothing")
    add_flags(parser, UpdateConfig, ("models", "models_root", "models_channel"))
    add_flags(parser, ModelConfig, ("runtime",))
    add_flags(parser, DeliveryConfig, ("device",))
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Check for an update, and print the state of the models; returns the exit status.

    Raises:
        LprError: the update can't be had or used.
    """
    from lpr_edge.config.loading import load_config, with_flags
    from lpr_edge.updates.from_settings import update_source
    from lpr_edge.updates.model_files import open_slots
    from lpr_edge.updates.update import update

    is_look = arguments.show
    del arguments.show  # a setting of lpr-edge has the same name
    config = with_flags(load_config(arguments.config), arguments)
    slots = open_slots()
    if not is_look:
        update(update_source(config), slots)
    sys.stdout.write(json.dumps(asdict(slots.state), ensure_ascii=False) + "\n")
    return 0
