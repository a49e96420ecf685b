"""The command `lpr-batch`: an archive of photographs into Parquet."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lpr_batch.base.settings import BatchSettings
from lpr_edge.contract.base.command import run_command
from lpr_edge.contract.settings.flags import add_flags, with_flags

if TYPE_CHECKING:
    from lpr_batch.plan.block import Block
    from lpr_batch.reading.block_reader import Outcome
    from lpr_batch.reading.networks import Networks


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns 1 for an error or pictures that are left, 2 for wrong usage, 130 when it is stopped."""

    def act() -> int:
        parsed = build_parser().parse_args(argv)
        return _run(parsed)

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # read when OpenCV is loaded; lpr says itself what went wrong
    return run_command("lpr-batch", act, "stopped: run the same command again to go on")


def build_parser() -> argparse.ArgumentParser:
    """The parser."""
    parser = argparse.ArgumentParser(
        prog="lpr-batch",
        description="Read an archive of photographs with all cores of this machine or of a Ray cluster, into Parquet. "
        "Stopped, the same command goes on: what the results have is not read again.",
    )
    parser.add_argument(
        "source", metavar="SOURCE", help="folder, picture or Parquet file; a path, or a URL: s3://bucket/photos"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results, a path or a URL")
    add_flags(parser, BatchSettings)
    return parser


def _run(flags: argparse.Namespace) -> int:
    from lpr_batch.app.read_archive import read_archive
    from lpr_batch.base.log import start_log
    from lpr_edge.base.signals import stopping_on_sigterm

    settings = with_flags(BatchSettings(), flags)
    start_log()

    @contextmanager
    def run(blocks: "Sequence[Block]", networks: "Networks") -> "Iterator[Iterator[Outcome]]":
        from lpr_batch.cluster.run_blocks import run_blocks
        from lpr_batch.cluster.session import ray_session

        with ray_session(settings.address, settings.workers) as (ray, workers):
            yield run_blocks(ray, blocks, networks, workers)

    with stopping_on_sigterm():
        counts = read_archive(flags.source, flags.out, settings, run)
    print(json.dumps(counts))
    return 1 if counts["unfinished"] else 0


if __name__ == "__main__":
    sys.exit(main())
