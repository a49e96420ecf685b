"""What is left to read, in blocks."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from lpr_batch.plan.block import Block
from lpr_batch.plan.group import Group


@dataclass(frozen=True)
class Pending:
    """The blocks of a run."""

    blocks: tuple[Block, ...]
    pictures: int
    """In these blocks."""
    finished: int
    """Pictures of the archive that the results have already."""


def plan_blocks(groups: Iterable[Group], finished: Collection[str], max_pictures: int) -> Pending:
    """Divide what isn't finished.

    Args:
        groups: of the archive.
        finished: the sources that the results have, as a set.
        max_pictures: of a block.
    """
    blocks: list[Block] = []
    pictures = done = 0
    for group in groups:
        left = [place for place, source in enumerate(group.sources) if source not in finished]
        done += len(group.sources) - len(left)
        pictures += len(left)
        blocks.extend(_blocks_of(group, left, max_pictures))
    return Pending(tuple(blocks), pictures, done)


def _blocks_of(group: Group, places: list[int], max_pictures: int) -> Iterator[Block]:
    for start in range(0, len(places), max_pictures):
        chosen = places[start : start + max_pictures]
        sources = tuple(group.sources[place] for place in chosen)
        rows = group.rows
        yield Block(sources, rows and replace(rows, numbers=tuple(rows.numbers[place] for place in chosen)))
