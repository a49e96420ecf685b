"""The time limit's effect on the learning rate."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lpr_train.base.config import FitConfig
from lpr_train.loop.fit import fit
from lpr_train.loop.optimizer import make_optimizer
from lpr_train.loop.pacing import Pace, Pacer, pace


def test_a_run_with_time_enough_keeps_its_schedule() -> None:
    """Without a limit, and where all epochs fit into it, an epoch is an epoch of the schedule."""
    for minutes in (0.0, 10.0):
        assert pace([], 10, minutes) == Pace(0.0, 1.0)
        assert pace([60.0] * 3, 10, minutes) == Pace(3.0, 1.0)


def test_the_schedule_ends_with_the_last_epoch_in_time() -> None:
    """Ten epochs of a minute in four: after the first, the other nine pass in three, as the device slows down."""
    assert pace([60.0], 10, 4.0) == Pace(1.0, 3.0)
    assert pace([60.0, 60.0], 10, 4.0) == Pace(4.0, 3.0)
    assert pace([60.0, 60.0, 60.0], 10, 4.0) == Pace(7.0, 3.0)
    # The second epoch took twice as long: one is left to begin before the limit, and it takes what is left.
    assert pace([60.0, 120.0], 10, 4.0) == Pace(4.0, 6.0)


def test_the_last_epoch_takes_what_is_left_however_late_it_is() -> None:
    """An epoch that begins is planned to its end, though its time is over."""
    assert pace([600.0], 10, 1.0) == Pace(1.0, 9.0)


def test_the_rate_falls_faster_where_the_pace_says_so() -> None:
    """At the beginning of an epoch it goes on from where the schedule is, and at its end it is further."""
    config = FitConfig(epochs=5, steps_per_epoch=10, warmup_epochs=0.0, learning_rate=0.4, final_learning_rate=0.04)
    plain, pacer = make_optimizer(config)._learning_rate, Pacer(10)
    paced = make_optimizer(config, 10, pacer=pacer)._learning_rate
    assert [float(paced(step)) for step in (0, 7)] == [float(plain(step)) for step in (0, 7)]
    pacer.plan(Pace(1.0, 2.0), 1)
    assert float(paced(10)) == pytest.approx(float(plain(10)))
    assert float(paced(15)) == pytest.approx(float(plain(20)))
    pacer.plan(Pace(3.0, 2.0), 2)
    assert float(paced(30)) == pytest.approx(0.04)


def test_a_run_that_its_limit_cuts_ends_at_a_low_rate(
    halves: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow machine a few epochs are trained, and the last one ends where the schedule does."""
    clock = iter(range(0, 10**6, 60))
    monkeypatch.setattr("lpr_train.loop.fit.time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    config = {"epochs": 20, "minutes": 3.0, "learning_rate": 0.05, "final_learning_rate": 0.001, "warmup_epochs": 0.0}
    history = fit(halves(**config), tmp_path).state.history
    assert len(history) == 3
    assert history[-1]["learning_rate"] == pytest.approx(0.001, rel=1e-3)
