from types import SimpleNamespace
from typing import Any

import pytest

from lpr_fleet.base.failures import BrokerLostError
from lpr_fleet.base.settings import FleetSettings
from lpr_fleet.broker import connection as module
from lpr_fleet.broker.connection import BrokerConnection


class FakeChannel:
    is_open = True
    consumer_tags = ("a",)

    def __getattr__(self, name: str) -> Any:
        return lambda *_args, **_options: None


@pytest.mark.parametrize("lost", [{"is_open": False}, {"consumer_tags": ()}])
def test_a_channel_that_ends_in_silence_is_a_lost_broker(
    monkeypatch: pytest.MonkeyPatch, lost: dict[str, object]
) -> None:
    """The client raises nothing where only the channel is closed, or the consumer cancelled; this does."""
    pytest.importorskip("pika")
    channel = FakeChannel()
    pika_connection = SimpleNamespace(channel=lambda: channel, process_data_events=lambda **_: None)
    monkeypatch.setattr(module, "open_connection", lambda _: pika_connection)
    broker = BrokerConnection(FleetSettings())
    assert broker.receive(0.0) == []
    for name, value in lost.items():
        setattr(channel, name, value)
    with pytest.raises(BrokerLostError, match="closed the channel, or cancelled"):
        broker.receive(0.0)
