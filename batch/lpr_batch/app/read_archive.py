"""One run: what is left of an archive is read into the folder of results."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from lpr_batch.app.progress import Progress
from lpr_batch.archive.open_archive import open_archive
from lpr_batch.base.log import LOG
from lpr_batch.base.settings import BatchSettings
from lpr_batch.plan.block import Block
from lpr_batch.plan.pending import plan_blocks
from lpr_batch.reading.block_reader import Outcome
from lpr_batch.reading.networks import Networks
from lpr_batch.results.folder import ResultFolder

Run = Callable[[Sequence[Block], Networks], AbstractContextManager[Iterator[Outcome]]]
"""Reads blocks: on Ray, or in this process in tests."""


def read_archive(source: str, out: str, settings: BatchSettings, run: Run) -> dict[str, Any]:
    """Read what isn't finished.

    Args:
        source: the archive's path or URL.
        out: that of the folder of results.
        settings: how.
        run: reads the blocks.

    Returns:
        Counts: `pictures`, `plates`, `errors` of this run, `finished_before`, `unfinished`, `machines`, `seconds`.

    Raises:
        LprError: archive, results or networks can't be used.
    """
    networks = Networks.from_settings(settings)
    networks.open()
    archive = open_archive(source, settings.column)
    results = ResultFolder.at(out)
    with results.alone():
        results.check_made_with(networks.made_with())
        if settings.errors_again:
            LOG.info("%d pictures with errors are read again", results.forget_errors())
        pending = plan_blocks(archive.groups(), results.finished(), settings.block)
        LOG.info("%s pictures to read, %s finished before", f"{pending.pictures:,}", f"{pending.finished:,}")
        progress = Progress(pending.pictures)
        if pending.blocks:
            with run(pending.blocks, networks) as outcomes:
                _keep(outcomes, results, progress)
    unfinished = pending.pictures - progress.pictures
    if unfinished:
        LOG.warning("%s pictures are left: run the same command again", f"{unfinished:,}")
    return {
        "pictures": progress.pictures,
        "plates": progress.plates,
        "errors": progress.errors,
        "finished_before": pending.finished,
        "unfinished": unfinished + archive.unreadable,
        "machines": len(progress.machines),
        "seconds": round(progress.seconds, 2),
    }


def _keep(outcomes: Iterator[Outcome], results: ResultFolder, progress: Progress) -> None:
    for outcome in outcomes:
        if outcome.failure:
            LOG.warning("a block is left: %s", outcome.failure)
            continue
        results.write(outcome.name, outcome.part)
        progress.add(outcome)
