"""Blocks on Ray Data: tasks in worker processes that keep their networks, and their outcomes as they come."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from functools import lru_cache
from typing import Any

from lpr_batch.base.extras import load_arrow, load_ray
from lpr_batch.plan.block import Block
from lpr_batch.reading.block_reader import BlockReader, Outcome
from lpr_batch.reading.networks import Networks
from lpr_edge.contract.base.errors import LprError

MAX_TASKS = 5000
"""Into which Ray Data is asked to divide the blocks: more would cost more than they help."""
TRIES = 3
"""Of a block whose worker or machine was lost."""


class Tries:
    """Counts how often a block was begun: a picture that ends its worker's process would do so for ever."""

    def __init__(self) -> None:
        """None was begun."""
        self._begun: Counter[str] = Counter()

    def begin(self, name: str) -> bool:
        """Count a try; False where there were too many before."""
        self._begun[name] += 1
        return self._begun[name] <= TRIES


class ReadBlocks:
    """What each task of Ray does. With tasks, Ray Data runs and asks fewer processes of its own than with actors."""

    def __init__(self, networks: Networks, tries: Any) -> None:
        """Take what the tasks need.

        Args:
            networks: detector and reader; a worker process loads them once.
            tries: handle of the session's `Tries`.
        """
        self._networks = networks
        self._tries = tries

    def __call__(self, batch: Any) -> Any:
        """Read the blocks of a table with the column `block`; their outcomes, a row each."""
        outcomes = [asdict(self._read(Block.from_text(text))) for text in batch.column("block").to_pylist()]
        return load_arrow().table({field.name: [each[field.name] for each in outcomes] for field in fields(Outcome)})

    def _read(self, block: Block) -> Outcome:
        ray = load_ray()
        if not ray.get(self._tries.begin.remote(block.name)):
            return Outcome(block.name, failure=f"its worker was lost {TRIES} times, at {block.sources[0]} or after it")
        try:
            reader = _reader_of(self._networks)
        except LprError as error:
            return Outcome(block.name, failure=str(error), is_final=True)
        return replace(reader.read(block), machine=str(ray.get_runtime_context().get_node_id()))


@lru_cache(maxsize=1)
def _reader_of(networks: Networks) -> BlockReader:
    """The networks of this worker process, loaded by its first task."""
    return BlockReader(networks)


def run_blocks(ray: Any, blocks: Sequence[Block], networks: Networks, workers: int) -> Iterator[Outcome]:
    """Read blocks on a Ray session.

    Args:
        ray: with a session.
        blocks: to read.
        networks: for each worker.
        workers: how many, a core each.

    Yields:
        Outcomes, in the order in which they come.

    Raises:
        LprError: a worker can't load the networks, or none can go on.
    """
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1
    tasks = min(MAX_TASKS, len(blocks))
    dataset = ray.data.from_items([{"block": block.to_text()} for block in blocks], override_num_blocks=tasks)
    # Begun again elsewhere when its machine is lost; it counts from 0 then.
    tries = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Tries).remote()
    outcomes = dataset.map_batches(
        ReadBlocks(networks, tries),
        batch_size=1,
        batch_format="pyarrow",
        compute=ray.data.TaskPoolStrategy(size=min(workers, len(blocks))),
        num_cpus=1,
    )
    try:
        for table in outcomes.iter_batches(batch_size=None, prefetch_batches=0, batch_format="pyarrow"):
            yield from (_usable(Outcome(**row)) for row in table.to_pylist())
    except ray.exceptions.RayError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise LprError(f"the workers can't go on: {lines[-1].strip()}") from error


def _usable(outcome: Outcome) -> Outcome:
    """Check an outcome.

    Raises:
        LprError: its worker would fail at every block.
    """
    if outcome.is_final:
        raise LprError(f"a worker can't go on: {outcome.failure}")
    return outcome
