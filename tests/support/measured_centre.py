"""RabbitMQ, PostgreSQL and one consumer on the files of edge/fleet, and what each takes of CPU and memory."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.support.centre import PASSWORD, Postgres, Rabbit
from tests.support.time_search import server_settings

from lpr_fleet.app.cli import main as lpr_fleet

REPOSITORY = Path(__file__).parents[2]
TICK_S = os.sysconf("SC_CLK_TCK")


class MeasuredCentre:
    """The servers, and one consumer."""

    def __init__(self, folder: Path, user: str, has_tls: bool) -> None:
        """Start them.

        Args:
            folder: of their files.
            user: whom devices log in as.
            has_tls: whether devices and consumer come to the broker by TLS.
        """
        settings = server_settings().replace("shared_buffers=2GB", "shared_buffers=512MB")
        self.postgres = Postgres(folder / "postgres", settings)
        self.rabbit = Rabbit(folder / "rabbit", REPOSITORY / "edge" / "fleet" / "rabbitmq", (user,), has_tls=has_tls)
        os.environ |= {
            "LPR_FLEET_DATABASE": self.postgres.url,
            "LPR_FLEET_BROKER": self.rabbit.url,
            "LPR_FLEET_BROKER_PASSWORD": PASSWORD,
        }
        if has_tls:
            os.environ["SSL_CERT_FILE"] = str(self.rabbit.authority)  # whom the consumer trusts
        assert lpr_fleet(["schema"]) == 0
        self._log = folder / "consumer.log"
        self.start_consumer()

    def start_consumer(self) -> None:
        """Start it, as a process of its own."""
        command = [sys.executable, "-m", "lpr_fleet", "consume"]
        with self._log.open("ab") as log:
            self.consumer = subprocess.Popen(command, stdout=log, stderr=log, cwd=REPOSITORY)

    def kill_consumer(self) -> None:
        self.consumer.kill()
        self.consumer.wait()

    def stop(self) -> None:
        self.kill_consumer()
        with suppress(Exception):
            self.postgres.stop()
        self.rabbit.stop()

    def cpu_s(self) -> dict[str, float]:
        """Seconds of CPU that each part has had."""
        roots = {"broker": self.rabbit.pid, "consumer": self.consumer.pid, "database": self.postgres.pid}
        parents = dict(_parents())
        return {
            part: sum(_cpu_s(process) for process in parents if root in _line(process, parents))
            for part, root in roots.items()
        }

    def broker_bytes(self) -> int:
        """Memory of the broker's virtual machine."""
        parents = dict(_parents())
        return max(_resident(process) for process in parents if self.rabbit.pid in _line(process, parents))

    def stored(self) -> tuple[int, int]:
        """Rows in the table, and different ids among them."""
        import psycopg

        with psycopg.connect(self.postgres.url) as connection:
            row: tuple[int, int] = connection.execute("SELECT count(*), count(DISTINCT id) FROM events").fetchone()
        return row


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                yield int(folder.name), int(_fields(int(folder.name))[1])


def _fields(process: int) -> list[str]:
    """What stands behind the name in a process's `stat`; its state comes first."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _line(process: int, parents: dict[int, int]) -> list[int]:
    """A process and its ancestors."""
    line = [process]
    while (parent := parents.get(line[-1], 0)) > 1:
        line.append(parent)
    return line


def _cpu_s(process: int) -> float:
    """Its own time and that of children that have ended."""
    try:
        return sum(map(int, _fields(process)[11:15])) / TICK_S
    except OSError:
        return 0.0


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
