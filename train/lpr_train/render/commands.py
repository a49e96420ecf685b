"""Commands that render: `lpr-train preview` and `clip`."""

import argparse
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.errors import LprError


def add_commands(commands: Any) -> None:
    """Add `preview` and `clip`."""
    _add_preview(commands)
    _add_clip(commands)


def _add_preview(commands: Any) -> None:
    parser = commands.add_parser("preview", help="draw a contact sheet of rendered images")
    parser.add_argument("--kind", choices=("plates", "characters", "scenes"), default="plates", help="default: plates")
    parser.add_argument("--out", type=Path, default=Path("preview.png"), metavar="PNG", help="default: preview.png")
    parser.add_argument("--count", type=int, default=48, metavar="N", help="number of images (default: 48)")
    parser.add_argument("--country", default="nepal", help="country of the plates (default: nepal)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="real data whose characters to cut out and paste")
    parser.add_argument("--seed", type=int, default=1, help="random seed (default: 1)")
    parser.set_defaults(act=_preview)


def _preview(parsed: argparse.Namespace) -> int:
    import cv2

    from lpr_edge.contract.countries import load_country
    from lpr_train.render.scene.preview import contact_sheet

    sheet = contact_sheet(parsed.kind, load_country(parsed.country), parsed.seed, parsed.count, parsed.data)
    try:
        parsed.out.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())
    except OSError as error:
        raise LprError(f"{parsed.out} can't be written: {error.strerror}. Give --out another PNG.") from error
    print(f"{parsed.count} {parsed.kind} in {parsed.out}")
    return 0


def _add_clip(commands: Any) -> None:
    parser = commands.add_parser("clip", help="render the video that lpr-edge --demo reads")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for clip.mp4, truth.json and visits.jsonl"
    )
    parser.add_argument("--country", default="nepal", help="country of the plates (default: nepal)")
    parser.add_argument("--seed", type=int, default=1, help="random seed (default: 1)")
    parser.add_argument("--vehicles", type=int, default=6, metavar="N", help="number of vehicles (default: 6)")
    parser.set_defaults(act=_clip)


def _clip(parsed: argparse.Namespace) -> int:
    from lpr_edge.contract.countries import load_country
    from lpr_train.render.scene.clip import write_clip

    passages = write_clip(load_country(parsed.country), parsed.out, parsed.seed, parsed.vehicles)
    print(f"{len(passages)} vehicles in {parsed.out / 'clip.mp4'}")
    return 0
