import json

import pytest
from tests.fleet.fakes import body, event

from lpr_edge.contract.records import Record
from lpr_fleet.base.failures import BrokerLostError
from lpr_fleet.intake.delivery import Delivery
from lpr_fleet.intake.parse import Parse, parse_event
from lpr_fleet.intake.replay import replay
from lpr_fleet.search.plate_key import PlateKeys


class FakeLetters:
    """A queue of dead letters."""

    def __init__(self, *messages: bytes, lost_after: int = 99) -> None:
        self.queue = [Delivery(tag, "lpr.gate-1.event", message) for tag, message in enumerate(messages, start=1)]
        self.sent: list[int] = []
        self._lost_after = lost_after

    def letters(self) -> list[Delivery]:
        return list(self.queue)

    def send_again(self, letter: Delivery) -> None:
        if len(self.sent) == self._lost_after:
            raise BrokerLostError("gone")
        self.sent.append(letter.tag)


@pytest.fixture
def parse(keys: PlateKeys) -> Parse:
    return lambda delivery: parse_event(delivery, keys)


def unknown(record: Record) -> bytes:
    return json.dumps(record | {"schema": 7}).encode()


def test_what_can_be_read_is_sent_again(parse: Parse) -> None:
    """An event goes back on its way; what isn't one stays, with its reason."""
    queue = FakeLetters(body(event(1)), b"{", unknown(event(3)), body(event(4)))
    outcomes = list(replay(queue, parse))
    assert queue.sent == [1, 4]
    assert [outcome.letter.tag for outcome in outcomes if not outcome.reason] == [1, 4]
    assert "isn't JSON" in outcomes[1].reason
    assert "schema isn't 1" in outcomes[2].reason


def test_a_look_sends_nothing(parse: Parse) -> None:
    """Only looking says the same of each, and moves none."""
    queue = FakeLetters(body(event(1)), b"{")
    assert [bool(outcome.reason) for outcome in replay(queue, parse, only_look=True)] == [False, True]
    assert queue.sent == []


def test_a_broker_that_is_lost_ends_it(parse: Parse) -> None:
    """What was sent before is reported as sent; the next isn't."""
    queue = FakeLetters(body(event(1)), body(event(2)), lost_after=1)
    outcomes = replay(queue, parse)
    assert next(outcomes).reason == ""
    with pytest.raises(BrokerLostError):
        next(outcomes)
