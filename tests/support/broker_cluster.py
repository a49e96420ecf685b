"""A RabbitMQ cluster on this machine, and the load balancer that its clients connect to."""

import os
import random
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.support.centre import RABBITMQ, USER, Rabbit
from tests.support.deliveries import answers, free_port, wait_until

CHUNK = 65_536


class Balancer:
    """Forwards each connection to one of the ports that answer, at random, as HAProxy would."""

    def __init__(self, ports: Sequence[int], rng: random.Random) -> None:
        self._ports, self._rng = ports, rng
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return  # closed
            node = self._connect()
            if node is None:
                client.close()
                continue
            for source, target in ((client, node), (node, client)):
                threading.Thread(target=_pump, args=(source, target), daemon=True).start()

    def _connect(self) -> socket.socket | None:
        """A connection to a node that is up; None without any."""
        for port in self._rng.sample(self._ports, len(self._ports)):
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", port), 5)
        return None


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until one side has gone; then close both."""
    with suppress(OSError):
        source.settimeout(None)
        while data := source.recv(CHUNK):
            target.sendall(data)
    for side in (source, target):
        with suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)
        side.close()


class RabbitCluster:
    """Nodes of one cluster, each of which has a member of every queue; looks like one `Rabbit` to those who use it.

    `kill` takes one node at random, `start` starts it again: the others are a majority meanwhile.
    """

    def __init__(self, folder: Path, example: Path, devices: tuple[str, ...], count: int = 3, seed: int = 0) -> None:
        """Start the nodes one after the other, and give each queue a member on each.

        Args:
            folder: for all nodes.
            example: `edge/fleet/rabbitmq`.
            devices: users that devices log in as.
            count: nodes.
            seed: of the nodes that are killed and that connections go to.
        """
        folder.mkdir()
        self._rng = random.Random(seed)
        self._epmd_port = free_port()
        # Of its own: one that a node starts would end with that node, and the others could no longer be found.
        self._epmd = subprocess.Popen(["epmd", "-port", str(self._epmd_port)], start_new_session=True)
        wait_until(lambda: answers(self._epmd_port))
        self.nodes: list[Rabbit] = []
        for number in range(count):
            peer = self.nodes[0] if self.nodes else None
            self.nodes.append(Rabbit(folder / f"node-{number}", example, devices, self._epmd_port, peer))
        for node in self.nodes[1:]:
            self._command("rabbitmq-queues", "grow", node.name, "all")
        self._balancers = [Balancer(ports, self._rng) for ports in zip(*map(_ports, self.nodes), strict=True)]
        self.amqp_port, self.mqtt_port = (balancer.port for balancer in self._balancers)
        self.url = f"amqp://{USER}@127.0.0.1:{self.amqp_port}"
        self._dead: Rabbit | None = None

    def kill(self) -> None:
        """End one node without a shutdown."""
        self._dead = self._rng.choice(self.nodes)
        self._dead.kill()

    def start(self) -> None:
        """Start the node that was killed."""
        assert self._dead is not None
        self._dead.start()

    def members(self, queue: str) -> int:
        """Nodes that have the queue's messages."""
        text = self._command("rabbitmq-queues", "quorum_status", queue)
        return sum(node.name in text for node in self.nodes)

    def stop(self) -> None:
        for balancer in self._balancers:
            balancer.close()
        for node in self.nodes:
            node.kill()
        self._epmd.kill()
        self._epmd.wait()

    def _command(self, program: str, *words: str) -> str:
        environment = os.environ | self.nodes[0].environment
        done = subprocess.run(
            [RABBITMQ / program, "--quiet", *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _ports(node: Rabbit) -> tuple[int, int]:
    return node.amqp_port, node.mqtt_port
