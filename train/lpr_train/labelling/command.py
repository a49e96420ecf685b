"""`lpr-train label`: its flags, and serving the page until Ctrl-C."""

import argparse
import os
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from lpr_edge.base.web_address import WebAddress, check_token, is_local, new_token
from lpr_edge.contract.base.errors import LprError, needing_extra
from lpr_edge.contract.base.text_files import shown
from lpr_edge.contract.data.label_file import IMAGES, LABELS

TOKEN = "LPR_WEB_TOKEN"  # the variable's name
TEST_SHARE = 0.2
DATASETS = ("plates", "crops")
"""Folders of a data folder that hold labels."""


def add_command(commands: Any) -> None:
    """Add it to the parser of `lpr-train`."""
    parser = commands.add_parser("label", help="label plates in a browser, on this machine; models read them first")
    add = parser.add_argument
    add("data", type=Path, metavar="DIR", help="a data folder, or with --out a folder of pictures")
    add("--out", type=Path, metavar="DATA", help="the data folder for a folder of pictures; pictures are linked there")
    add("--part", default="1/1", metavar="N/M", help="label the Nth of M parts, for several people (default: all)")
    add("--again", action="store_true", help="also show pictures that a person has labelled before")
    add("--only", nargs="+", metavar="IMAGE", default=[], help="show these pictures alone, also if they are labelled")
    add("--finish", action="store_true", help="write labels.jsonl from what all parts have labelled, and exit")
    add(
        "--test-share",
        type=float,
        default=TEST_SHARE,
        metavar="SHARE",
        help="of new vehicles, for testing (default: 0.2)",
    )
    add("--no-readings", action="store_true", help="don't read the pictures first")
    add("--detector", type=Path, metavar="FILE", help="read with this model, not the shipped one")
    add("--reader", type=Path, metavar="FILE", help="read with this model, not the shipped one")
    add("--web", default="127.0.0.1:8090", metavar="HOST:PORT", help="where the page is (default: 127.0.0.1:8090)")
    add("--country", default="nepal", help="whose plates these are (default: nepal)")
    parser.set_defaults(act=label)


def label(parsed: argparse.Namespace) -> int:
    """Serve the page until it is stopped, then write the labels.

    Raises:
        LprError: there is nothing to label, an extra is missing, or the address can't be had.
    """
    from lpr_edge.contract.countries import load_country
    from lpr_train.labelling.workplace import Workplace
    from lpr_train.labelling.written_labels import finish

    if not 0 <= parsed.test_share < 1:
        raise LprError(f"--test-share {parsed.test_share}: expected a share from 0 to below 1")
    folder = find_folder(parsed.data, parsed.out)
    source = shown(((parsed.out and parsed.data) or folder).absolute().name)
    if not parsed.finish:
        part = part_of(parsed.part)
        place = Workplace(folder, load_country(parsed.country), part, parsed.again, parsed.only)
        try:
            if not place.names:
                raise LprError(
                    f"a person has labelled every picture of {shown(folder)}: --again shows all of them again, and "
                    "--only IMAGE one of them"
                )
            _serve(place, parsed)
        finally:
            place.close()
    count, plates = finish(folder, source, parsed.test_share)
    data = folder.parent if folder.name in DATASETS else folder
    after = f"lpr-train check --data {shown(data)}" if count else "lpr-train label without --finish"
    print(f"{count} pictures labelled in {shown(folder / LABELS)}, with {plates} plates. Next: {after}")
    return 0


def part_of(text: str) -> Any:
    """Parse a part `N/M`.

    Raises:
        LprError: it names none.
    """
    from lpr_train.labelling.workplace import Part

    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise LprError(f"--part {text}: expected N/M, such as 2/3 for the second of three people")
    return Part(int(number), int(count))


def find_folder(data: Path, out: Path | None) -> Path:
    """The folder with `images/`: in `data`, or created in `out` from the images in `data`.

    Raises:
        LprError: there is none, or pictures need `out`.
    """
    from lpr_edge.contract.data.datasets import CROPS, find_dataset, has_dataset
    from lpr_train.labels.import_labels import PHOTOGRAPHS

    if out is not None:
        return _linked(data, out / PHOTOGRAPHS)
    for name in (PHOTOGRAPHS, CROPS):
        if has_dataset(data, name):
            return find_dataset(data, name)
    for folder in (data, data / PHOTOGRAPHS, data / CROPS):
        if (folder / IMAGES).is_dir():
            return folder
    raise LprError(f"{shown(data)} has neither {LABELS} nor {IMAGES}/: give --out DATA to label a folder of pictures")


def _linked(source: Path, folder: Path) -> Path:
    """A data folder with another folder's images, hard-linked if possible, else copied; can be resumed."""
    from lpr_edge.contract.base.pictures import is_hidden, is_picture
    from lpr_train.labels.image_copies import unique_names

    found = sorted(path for path in source.rglob("*") if is_picture(path) and not is_hidden(path))
    if not found:
        raise LprError(f"no pictures in {shown(source)}")
    images = folder / IMAGES
    images.mkdir(parents=True, exist_ok=True)
    for path, name in zip(found, unique_names(found, source), strict=True):
        target = images / name
        if not target.exists():
            part = target.with_name(f".{name}.part")
            part.unlink(missing_ok=True)
            try:
                os.link(path, part)
            except OSError:
                shutil.copyfile(path, part)
            part.replace(target)
    return folder


def _serve(place: Any, parsed: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM."""
    with needing_extra("lpr-train label", "Starlette and uvicorn", "web"):
        from lpr_edge.web.server import Server
        from lpr_train.labelling.app import App
    from lpr_train.labelling.proposals import Proposals

    address = WebAddress.parse(parsed.web, "web")
    given = os.environ.get(TOKEN, "")
    check_token(given)
    token = given or ("" if is_local(address.host) else new_token())
    to_read = [] if parsed.no_readings else place.to_read()
    flags = [part for kind in ("detector", "reader") for part in _flag(kind, getattr(parsed, kind))]
    proposals = Proposals(to_read, place.propose, flags, place.is_crops) if to_read else None
    try:
        server = Server(App(place, proposals).guarded(token), address.host, address.port)
        login = f", any name, password: {token}" if token else ""
        print(f"Label at http://{replace(address, port=server.port)}/{login}; Ctrl-C ends.", flush=True)
        _wait()
        server.close()
    finally:
        if proposals:
            proposals.close()


def _flag(kind: str, path: Path | None) -> list[str]:
    return [f"--{kind}", str(path.absolute())] if path else []


def _wait() -> None:
    """Wait for SIGINT or SIGTERM."""
    over = threading.Event()
    before = {number: signal.signal(number, lambda *_: over.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        over.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
