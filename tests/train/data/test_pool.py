"""The pool of rendered things."""

from itertools import count

import numpy as np

from lpr_train.data.pool import RenewedPool


def draw(pool: RenewedPool[int], index: int) -> int:
    return pool.draw(index, np.random.default_rng(index))


def test_the_same_index_draws_the_same_thing_in_a_new_pool() -> None:
    """A resumed run starts with an empty pool and must see what it would have seen."""
    long_lived, late = (RenewedPool(lambda rng: int(rng.integers(1 << 30)), 5, size=20, uses=3) for _ in range(2))
    seen = [draw(long_lived, i) for i in range(300)]
    assert [draw(late, i) for i in range(200, 300)] == seen[200:]


def test_things_are_used_several_times_and_then_renewed() -> None:
    """Each is made once for about `uses` draws, and the pool doesn't go stale."""
    numbers = count()
    pool = RenewedPool(lambda _: next(numbers), 5, size=20, uses=5)
    drawn = [draw(pool, i) for i in range(1000)]
    assert 150 <= len(set(drawn)) <= 260
    assert not set(drawn[:100]) & set(drawn[-100:])
