"""Connections of strangers to the live page."""

import socket
import subprocess
import sys

import pytest
from tests.support.deliveries import free_port, wait_until
from tests.support.pages import get, page

from lpr_edge.web import server


@pytest.mark.parametrize("limit", ["HEAD_S", "LONGEST_S"])
def test_who_says_half_a_word_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """Connections that send half a request, or read nothing, are closed in time, and don't take the others' place."""
    monkeypatch.setattr(server, "HEAD_S", 1000.0)
    monkeypatch.setattr(server, limit, 0.3)
    with page() as live:
        idle = [socket.create_connection(("127.0.0.1", live.server.port), timeout=10) for _ in range(30)]
        for number, client in enumerate(idle):
            client.sendall(b"GET /state.json HTTP/1.1\r\nHost: localhost\r\n"[: number * 2])
        assert get(live, "/health")[0] == 200
        for client in idle:
            try:
                while client.recv(1000):
                    pass
            except ConnectionResetError:
                pass
            client.close()
        assert get(live, "/health")[0] == 200


def half_open(port: int, count: int) -> list[socket.socket]:
    """Connections that send half a request, and then nothing."""
    clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(count)]
    for client in clients:
        client.sendall(b"GET /state.json HTTP/1.1\r\n")
    return clients


def test_half_open_connections_do_not_make_the_owner_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than there is room for give way to who asks something, long before their own time is over."""
    monkeypatch.setattr(server, "HEAD_S", 1000.0)
    monkeypatch.setattr(server, "LONGEST_S", 1000.0)
    with page() as live:
        idle = half_open(live.server.port, server.MAX_CONNECTIONS + 5)
        assert [get(live, "/health")[0] for _ in range(3)] == [200, 200, 200]
        connections = live.server._server.server_state.connections
        wait_until(lambda: len(connections) <= server.MAX_CONNECTIONS)
        for client in idle:
            client.close()


DEVICE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
from lpr_edge.base.web_address import WebAddress
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.wiring.wire_web import open_page
live = open_page(WebAddress.parse(sys.argv[1], "web"), "", RuntimeStats(), 60)
print("listens", flush=True)
sys.stdin.readline()
files = [open("/dev/null") for _ in range(60)]  # as many as actions, logs and sinks may open
print("went on", flush=True)
sys.stdin.readline()
"""


def test_a_flood_of_connections_takes_no_handles_from_the_device() -> None:
    """However many connections are opened, the process can still open files and start programs."""
    port = free_port()
    command = [sys.executable, "-c", DEVICE, f"127.0.0.1:{port}"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "listens\n"
        idle = half_open(port, 400)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as owner:
            owner.sendall(b"GET /state.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert owner.recv(15) == b"HTTP/1.1 200 OK"
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline() == "went on\n"
        for client in idle:
            client.close()
        child.kill()
