"""A relay on a pin, with gpiozero's own pins for tests."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.edge.app.test_edge_cli import Run, models, run, write_clip
from tests.edge.watchlist.test_matching import match
from tests.support.deliveries import wait_until

from lpr_edge.base.finding import State
from lpr_edge.config.actions import MatchAction
from lpr_edge.config.loading import config_of
from lpr_edge.contract.base.errors import LprError
from lpr_edge.watchlist import relay
from lpr_edge.watchlist.on_match import check_on_match
from lpr_edge.watchlist.relay import RelayAction, RelaySettings, check_relay

__all__ = ["models", "run"]

QUICK = RelaySettings(17, "open", 0.05, 0.0, active_low=False)


class Pins:
    """A board whose pins note what they were set to."""

    def __init__(self) -> None:
        from gpiozero.pins.mock import MockFactory

        self.factory = MockFactory()

    def states(self, pin: int = 17) -> list[bool]:
        return [bool(state.state) for state in self.factory.pin(pin).states]


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pins]:
    gpiozero = pytest.importorskip("gpiozero", reason="needs gpiozero: pip install 'lpr[gpio]'")
    board = Pins()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", board.factory)
    yield board
    board.factory.reset()


def test_a_match_switches_the_relay_for_a_moment(pins: Pins) -> None:
    """The pin is low, high for the pulse and low again; a second match after the lock-out does it once more."""
    action = RelayAction(QUICK)
    action.start(match())
    wait_until(lambda: pins.states()[-2:] == [True, False])
    wait_until(lambda: not action._waiting.unfinished_tasks)
    action._locked_until = 0.0
    action.start(match(number=2))
    wait_until(lambda: pins.states().count(True) == 2)
    action.close()
    assert pins.states()[-1] is False


def test_matches_in_the_lock_out_do_nothing(pins: Pins) -> None:
    """One pulse for several matches within the lock-out, however short the pulse."""
    action = RelayAction(replace(QUICK, lock_out_s=60))
    for number in range(5):
        action.start(match(number=number))
    wait_until(lambda: pins.states()[-2:] == [True, False])
    action.close()
    assert pins.states().count(True) == 1


def test_active_low_is_high_at_rest(pins: Pins) -> None:
    """A relay that is on while its pin is low: high at the start, low for the pulse, high again."""
    action = RelayAction(replace(QUICK, active_low=True))
    assert pins.factory.pin(17).state == 1
    action.start(match())
    wait_until(lambda: pins.states()[-2:] == [False, True])
    action.close()


def test_only_its_action_switches_it(pins: Pins) -> None:
    """A plate that is listed for something else opens no gate; another action has its own pin."""
    action, barrier = RelayAction(QUICK), RelayAction(replace(QUICK, pin=18, action="barrier"))
    for one in (action, barrier):
        one.start(match("call"))
        one.start(match("barrier"))
    wait_until(lambda: pins.states(18)[-2:] == [True, False])
    for one in (action, barrier):
        one.close()
    assert True not in pins.states(17)


def test_closing_leaves_the_relay_off(pins: Pins, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pulse that is longer than closing may take is cut off: no relay stays on when lpr has ended."""
    monkeypatch.setattr(relay, "CLOSE_S", 0.05)
    action = RelayAction(replace(QUICK, pulse_s=60))
    action.start(match())
    wait_until(lambda: pins.states()[-1])
    action.close()
    assert pins.states()[-1] is False
    assert not action._thread.is_alive()


def test_a_pin_that_fails_is_reported_and_tried_again(
    pins: Pins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pin that can't be had is an error line at the start, and works once it can be had."""
    import gpiozero

    real = gpiozero.OutputDevice

    def refuse(*_: object, **__: object) -> Any:
        raise RuntimeError("GPIO busy")

    monkeypatch.setattr(gpiozero, "OutputDevice", refuse)
    action = RelayAction(QUICK)
    assert "gpio:17 can't be switched (GPIO busy)" in capsys.readouterr().err
    finding = check_relay(QUICK)
    assert (finding.check, finding.state, finding.found) == (
        "relay",
        State.REPAIR,
        "gpio:17 can't be switched (GPIO busy)",
    )
    monkeypatch.setattr(gpiozero, "OutputDevice", real)
    action.start(match())
    wait_until(lambda: pins.states()[-2:] == [True, False])
    action.close()
    assert check_relay(QUICK).state is State.OK


def test_a_pin_that_breaks_later_is_an_error_line(pins: Pins, capsys: pytest.CaptureFixture[str]) -> None:
    """An error while switching is one line with the event's id; the thread goes on."""
    action = RelayAction(QUICK)

    def fail() -> None:
        raise OSError("I/O error")

    works, action._device.on = action._device.on, fail
    action.start(match())
    wait_until(lambda: "gpio:17 can't be switched for event e-1: I/O error" in capsys.readouterr().err)
    action._device.on, action._locked_until = works, 0.0
    action.start(match(number=2))
    wait_until(lambda: pins.states()[-2:] == [True, False])
    action.close()


@pytest.mark.parametrize("text", ["gpio:", "gpio:28", "gpio:x", "gpio:17:", "gpio:17:a b"])
def test_what_is_no_pin_is_refused(text: str) -> None:
    """A pin that the header doesn't have, and what isn't a pin, are refused with what was expected."""
    with pytest.raises(LprError, match="a pin must be gpio:0 to gpio:27"):
        MatchAction.parse(text, "on_match")


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without gpiozero the settings are refused with what to install."""
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    config = config_of(camera=0, list=tmp_path / "gate.csv", on_match="gpio:17")
    with pytest.raises(LprError, match=r"pip install 'lpr\[gpio\]'"):
        check_on_match(config.watchlist)


def test_a_listed_plate_of_a_clip_switches_the_relay(pins: Pins, run: Run, models: list[str], tmp_path: Path) -> None:
    """The whole way: a clip, its plate in the list, `--on-match gpio:17`, a pulse."""
    clip = write_clip(tmp_path / "clip.avi", ("A104",))
    (tmp_path / "gate.csv").write_text("plate,name,action\nA 104,Ram,open\n")
    flags = ["--list", str(tmp_path / "gate.csv"), "--on-match", "gpio:17", "--on-match-pulse", "1s"]
    assert run("--source", str(clip), *models, *flags)[0] == 0
    assert pins.states().count(True) == 1
    assert pins.states()[-1] is False
