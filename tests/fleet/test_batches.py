import itertools
from collections.abc import Callable, Iterator

import pytest
from tests.fleet.fakes import FakeBroker, FakeStore, body, do_nothing, event, lose_broker

from lpr_fleet.base.failures import BrokerLostError
from lpr_fleet.intake.batches import Batches, BatchLimits, Counts
from lpr_fleet.intake.consumer import consume
from lpr_fleet.intake.parse import Parse, parse_event
from lpr_fleet.search.plate_key import PlateKeys


@pytest.fixture
def parse(keys: PlateKeys) -> Parse:
    return lambda delivery: parse_event(delivery, keys)


def batches(broker: FakeBroker, store: FakeStore, parse: Parse, most: int = 4, within_s: float = 0.0) -> Batches:
    clock = itertools.count()
    return Batches(broker, store, parse, BatchLimits(most, within_s), Counts(), lambda: float(next(clock)))


def test_acknowledgement_follows_commit(parse: Parse) -> None:
    """Each batch is committed, then acknowledged once up to its last message; the next batch comes after that."""
    journal: list[str] = []
    broker = FakeBroker([body(event(n)) for n in range(1, 7)], journal=journal)
    batches(broker, FakeStore(journal), parse).turn()
    assert journal == ["commit 4", "acknowledge 4", "commit 2", "acknowledge 6"]


def test_a_small_batch_waits_for_more(parse: Parse) -> None:
    """A batch that isn't full is stored when its time is up, not before."""
    journal: list[str] = []
    broker = FakeBroker([body(event(1))], journal=journal)
    slow = batches(broker, FakeStore(journal), parse, within_s=3.0)
    slow.turn()
    assert journal == []
    slow.turn()
    slow.turn()
    assert journal == ["commit 1", "acknowledge 1"]


def test_dead_letters_leave_the_others(parse: Parse) -> None:
    """A message that is no event, and one that the database refuses, are rejected; all others are stored."""
    journal: list[str] = []
    broker = FakeBroker([body(event(1)), b"{", body(event(3)), body(event(4))], journal=journal)
    store = FakeStore(journal)
    store.refused = {"e3"}
    batches(broker, store, parse).turn()
    assert journal == ["commit 3", "reject 2", "reject 3", "acknowledge 4"]
    assert store.ids == ["e1", "e4"]
    assert broker.dead == [b"{", body(event(3))]


@pytest.mark.parametrize(("messages", "journal"), [([b"{"], ["reject 1"]), ([body(event(1)), b"{"], ["acknowledge 1"])])
def test_a_rejected_message_isnt_acknowledged(parse: Parse, messages: list[bytes], journal: list[str]) -> None:
    """The acknowledgement goes up to the last message that was stored; where all are dead letters there is none."""
    broker = FakeBroker(messages)
    batches(broker, FakeStore(), parse).turn()
    assert (broker.journal[-1:], broker.dead, broker.held) == (journal, [b"{"], 0)


def test_a_database_that_is_away_is_waited_for(parse: Parse) -> None:
    """Nothing is acknowledged until it is back, the connection is served meanwhile, and then all is stored."""
    journal: list[str] = []
    broker = FakeBroker([body(event(n)) for n in range(1, 9)], prefetch=4, journal=journal)
    store = FakeStore(journal, fails=3)
    served: list[int] = []
    broker.on_receive = lambda: served.append(broker.held)
    batches(broker, store, parse).turn()
    assert served == [0, 4, 4, 4]
    assert journal[:2] == ["commit 4", "acknowledge 4"]


def test_prefetch_bounds_what_is_held(parse: Parse) -> None:
    """However long the database is away, no more messages are held than the broker sends ahead."""
    broker = FakeBroker([body(event(n)) for n in range(1, 100)], prefetch=10)
    store = FakeStore(fails=50)
    held: list[int] = []
    broker.on_receive = lambda: held.append(broker.held)
    batches(broker, store, parse).turn()
    assert (max(held), len(held)) == (10, 51)


def test_a_commit_whose_answer_is_lost_stores_nothing_twice(parse: Parse) -> None:
    """The database stores and is lost before it says so: the batch is saved again, under the same keys."""
    broker = FakeBroker([body(event(n)) for n in range(1, 5)])
    store = FakeStore(fails=2, commits=True)
    batches(broker, store, parse).turn()
    assert (store.ids, broker.held) == (["e1", "e2", "e3", "e4"], 0)


def test_a_broker_lost_before_the_acknowledgement(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was stored and not acknowledged comes again on the next connection, and is in the table once."""
    broker = FakeBroker([body(event(n)) for n in range(1, 5)])
    store = FakeStore()
    monkeypatch.setattr(broker, "acknowledge_up_to", lose_broker)
    with pytest.raises(BrokerLostError):
        batches(broker, store, parse).turn()
    monkeypatch.undo()
    assert broker.held == 4
    batches(broker.connect(), store, parse).turn()
    assert (store.ids, broker.held, broker.queue) == (["e1", "e2", "e3", "e4"], 0, [])


def test_consume_connects_again(parse: Parse) -> None:
    """A broker that is away, and one that is lost on the way, are connected to again until a stop is asked for."""
    broker = FakeBroker([body(event(n)) for n in range(1, 5)], prefetch=2)
    store = FakeStore()
    attempts: Iterator[Callable[[], None]] = iter([lose_broker, do_nothing, do_nothing])
    losses: Iterator[Callable[[], None]] = iter([do_nothing, lose_broker])

    def open_broker() -> FakeBroker:
        next(attempts)()
        return broker.connect()

    broker.on_receive = lambda: next(losses, do_nothing)()
    counts = consume(open_broker, store, parse, BatchLimits(2, 100.0), lambda _: len(store.rows) == 4)
    assert (counts.stored, store.ids, broker.held) == (4, ["e1", "e2", "e3", "e4"], 0)
    assert broker.closed == 2


def test_a_stop_leaves_what_isnt_stored(parse: Parse) -> None:
    """A stop while the database is away ends without acknowledgement: another consumer gets the messages."""
    broker = FakeBroker([body(event(1))])
    part = batches(broker, FakeStore(fails=100), parse)
    part.turn(lambda: True)
    assert (broker.held, broker.journal) == (1, [])
