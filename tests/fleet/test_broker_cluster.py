"""A broker of three nodes."""

import random
import socket
import tempfile
from pathlib import Path

import pytest
from tests.support.broker_cluster import Balancer
from tests.support.centre import missing_servers
from tests.support.cuts import run_cuts
from tests.support.deliveries import free_port


def test_the_balancer_connects_to_a_node_that_is_up() -> None:
    """Each connection reaches the port that answers, both ways, and ends when the node ends it."""
    with socket.create_server(("127.0.0.1", 0)) as node:
        balancer = Balancer([free_port(), node.getsockname()[1]], random.Random(0))
        for _ in range(4):
            with socket.create_connection(("127.0.0.1", balancer.port), 5) as client:
                client.sendall(b"asked")
                accepted, _ = node.accept()
                with accepted:
                    assert accepted.recv(5) == b"asked"
                    accepted.sendall(b"answered")
                assert client.recv(8) == b"answered"
                assert client.recv(1) == b""
        balancer.close()


def test_the_balancer_refuses_where_no_node_is_up() -> None:
    """A client is told at once, and may try again."""
    balancer = Balancer([free_port()], random.Random(0))
    with socket.create_connection(("127.0.0.1", balancer.port), 5) as client:
        assert client.recv(1) == b""
    balancer.close()


@pytest.mark.slow
@pytest.mark.skipif(bool(missing_servers()), reason=missing_servers() or "servers are there")
def test_a_node_of_three_that_dies_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices and consumers go on at the other two; every event is stored once."""
    pytest.importorskip("psycopg")
    pytest.importorskip("pika")
    for name in ("LPR_FLEET_DATABASE", "LPR_FLEET_BROKER", "LPR_FLEET_BROKER_PASSWORD", "PYTHONPATH"):
        monkeypatch.setenv(name, "")  # what the harness sets is taken back
    with tempfile.TemporaryDirectory(prefix="lpr-nodes-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # PostgreSQL's own user looks here
        found = run_cuts(Path(name), cuts=10, minutes=3, devices=2, consumers=1, seed=1, nodes=3)
    assert found["events"] > 10
    assert found["cuts"]["broker"] > 0
    assert (found["lost"], found["doubled"], found["failures"]) == (0, 0, [])
