from hypothesis import given
from hypothesis import strategies as st

from lpr_batch.plan.block import Block, Rows
from lpr_batch.plan.group import Group
from lpr_batch.plan.pending import plan_blocks


@given(st.integers(0, 40), st.sets(st.integers(0, 39)), st.integers(1, 9))
def test_blocks_hold_what_is_not_finished(count: int, done: set[int], most: int) -> None:
    """Each picture that isn't finished is in one block, in order; no block has more than asked for."""
    sources = [f"{number}.jpg" for number in range(count)]
    finished = {f"{number}.jpg" for number in done}
    pending = plan_blocks([Group(sources[:25]), Group(sources[25:])], finished, most)
    left = [source for source in sources if source not in finished]
    assert [source for block in pending.blocks for source in block.sources] == left
    assert all(1 <= len(block.sources) <= most for block in pending.blocks)
    assert (pending.pictures, pending.finished) == (len(left), count - len(left))


def test_rows_follow_their_sources() -> None:
    """Where rows of a Parquet file are finished, the others keep their numbers."""
    rows = Rows("a.parquet", "image", 3, (0, 1, 2, 3, 4))
    group = Group([f"a.parquet#{number}" for number in range(10, 15)], rows)
    pending = plan_blocks([group], {"a.parquet#11", "a.parquet#13"}, 2)
    assert [block.rows and block.rows.numbers for block in pending.blocks] == [(0, 2), (4,)]
    assert pending.blocks[0].sources == ("a.parquet#10", "a.parquet#12")


def test_a_block_has_the_same_name_in_every_run() -> None:
    """The name depends on the pictures alone, so a block that is read twice replaces its own part."""
    block = Block(("a.jpg", "ब.jpg"))
    assert block.name == Block(("a.jpg", "ब.jpg"), Rows("p", "image", 0, (1, 2))).name
    assert block.name != Block(("a.jpg",)).name
    assert len(block.name) == 16


def test_a_block_survives_its_way_to_a_worker() -> None:
    """What is written as text comes back the same, with rows and without."""
    for block in (Block(("a.jpg", "ब.jpg")), Block(("p#7",), Rows("p", "image", 2, (7,)))):
        assert Block.from_text(block.to_text()) == block
