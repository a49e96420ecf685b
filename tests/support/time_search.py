"""Times searches at a database of the centre.

python -m tests.support.time_search --events 1000000 --folder DIR --json FILE

Starts a PostgreSQL of its own on `edge/fleet/postgresql/lpr.conf` in the folder, and fills it where it isn't full. A
folder that is full is used again. The plates that are searched are drawn from the table; each search is the one that
`lpr-fleet search` would make. When the server starts, no page of its files is in memory.
"""

import argparse
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.support.centre import Postgres, missing_servers
from tests.support.fill_centre import DEVICES, fill, is_filled

from lpr_bench.base.results import write_result
from lpr_bench.history.made_events import END
from lpr_fleet.base.settings import DatabaseUrl, FleetSettings
from lpr_fleet.database.connecting import connect
from lpr_fleet.database.migrations import migrate
from lpr_fleet.database.partitions import months_there
from lpr_fleet.search.finding import explain, search
from lpr_fleet.search.query import SearchFilter

REPOSITORY = Path(__file__).parents[2]
SETTINGS = REPOSITORY / "edge" / "fleet" / "postgresql" / "lpr.conf"
SIGNS = "0123456789"

DAY = (END - timedelta(days=3), END - timedelta(days=2))


def one_wrong(signs: str, rng: random.Random) -> str:
    """The same signs with one replaced by a digit."""
    at = rng.randrange(len(signs))
    return signs[:at] + rng.choice(SIGNS) + signs[at + 1 :]


def rare_pair(signs: str, rng: random.Random) -> str:
    """Two signs that few plates have side by side, in an order that forms of plates don't have."""
    return rng.choice(SIGNS) + signs[0]


def _device(rng: random.Random) -> str:
    return f"gate-{rng.randrange(DEVICES)}"


KINDS: dict[str, Callable[[str, random.Random], SearchFilter]] = {
    "plate": lambda signs, _: SearchFilter([signs], exact=True),
    "plate, one sign wrong": lambda signs, rng: SearchFilter([one_wrong(signs, rng)]),
    "plate that was never there": lambda signs, _: SearchFilter([signs[:-1][::-1] + "X"], exact=True),
    "last 4 signs": lambda signs, _: SearchFilter([signs[-4:]], exact=True),
    "last 4 signs, one wrong": lambda signs, rng: SearchFilter([one_wrong(signs[-4:], rng)]),
    "last 4 signs, one wrong, in a day": lambda signs, rng: SearchFilter([one_wrong(signs[-4:], rng)], False, *DAY),
    "last 4 signs, one wrong, at a device": lambda signs, rng: SearchFilter(
        [one_wrong(signs[-4:], rng)], device=_device(rng)
    ),
    "first 3 signs": lambda signs, _: SearchFilter([signs[:3]], exact=True),
    "last 2 signs": lambda signs, _: SearchFilter([signs[-2:]], exact=True),
    "2 signs, seldom or never side by side": lambda signs, rng: SearchFilter([rare_pair(signs, rng)], exact=True),
    "1 sign": lambda signs, rng: SearchFilter([rng.choice(signs)], exact=True),
    "a day": lambda *_: SearchFilter((), False, *DAY),
    "a device's newest": lambda _, rng: SearchFilter(device=_device(rng)),
    "a device's, in a day": lambda _, rng: SearchFilter((), False, *DAY, _device(rng)),
}


PLANS = ("last 2 signs", "plate, one sign wrong")
"""Kinds whose plans are kept: one that the newest events answer, and one that the index answers."""


def measure(connection: Any, rounds: int) -> dict[str, Any]:
    """Each kind's searches, after one that isn't counted: milliseconds, those of the server's CPU, and events found."""
    rng = random.Random(1)
    plates = drawn_plates(connection, rng)
    taken: dict[str, dict[str, list[float]]] = {"ms": {}, "cpu_ms": {}, "found": {}}
    for kind, wanted in KINDS.items():
        search(connection, wanted(rng.choice(plates), rng))
        for _ in range(rounds):
            for name, value in time_one(connection, wanted(rng.choice(plates), rng)).items():
                taken[name].setdefault(kind, []).append(value)
    plans = {kind: list(explain(connection, KINDS[kind](plates[0], rng))) for kind in PLANS}
    return {**taken, "plans": plans}


def drawn_plates(connection: Any, rng: random.Random) -> list[str]:
    """Signs of a few thousand events, in no order."""
    pages = connection.execute("SELECT sum(relpages) FROM pg_class WHERE relname ~ '^events_[0-9_]+$'").fetchone()[0]
    sampled = f"SELECT signs FROM events TABLESAMPLE SYSTEM ({min(100.0, 20_000 / pages)}) WHERE length(signs) > 4"
    plates = [row[0] for row in connection.execute(sampled)]
    rng.shuffle(plates)
    return plates


def describe(connection: Any) -> dict[str, Any]:
    """How large the table is."""
    counts = "SELECT sum(seen)::bigint, count(*) FROM (SELECT count(*) AS seen FROM events GROUP BY signs) plates"
    events, plates = connection.execute(counts).fetchone()
    months = len(months_there(connection))
    size = connection.execute("SELECT pg_database_size(current_database())").fetchone()[0]
    return {"events": events, "plates": plates, "months": months, "bytes": size}


def time_one(connection: Any, wanted: SearchFilter) -> dict[str, float]:
    """One search. On a machine with other work, its CPU time is what it would take alone."""
    server = connection.info.backend_pid
    begin, cpu = perf_counter(), cpu_s(server)
    found = len(search(connection, wanted))
    taken = {"ms": perf_counter() - begin, "cpu_ms": cpu_s(server) - cpu}
    return {name: round(1000 * value, 2) for name, value in taken.items()} | {"found": found}


def cpu_s(process: int) -> float:
    """Seconds that a process has had of a CPU."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def percentile(values: list[float], share: float) -> float:
    """The value below which such a share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _unhurried(settings: FleetSettings) -> Any:
    """A connection whose statements may take long."""
    connection = connect(settings)
    connection.execute("SET statement_timeout = 0; SET lock_timeout = 0")
    return connection


def server_settings() -> str:
    """The settings of `edge/fleet`, as PostgreSQL's `-c` takes them."""
    lines = (line.partition("#")[0].replace(" ", "") for line in SETTINGS.read_text(encoding="utf-8").splitlines())
    return " ".join(line for line in lines if line)


def time_searches(folder: Path, events: int, rounds: int) -> dict[str, Any]:
    """Start the folder's server, fill it where it isn't full, and time each kind of search."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving(folder) as settings:
        with connect(settings) as connection:
            migrate(connection)
            filled = is_filled(connection)
        if not filled:
            fill(lambda: _unhurried(settings), events)
        with _unhurried(settings) as connection:
            size = describe(connection)
            connection.execute("CHECKPOINT")
    forget_pages(folder)
    with serving(folder) as settings, connect(settings) as connection:
        return size | measure(connection, rounds)


@contextmanager
def serving(folder: Path) -> Iterator[FleetSettings]:
    """A server of the folder's data, until the block ends."""
    server = Postgres(folder, server_settings(), "wal_level=minimal max_wal_senders=0")
    try:
        yield replace(FleetSettings(), database=DatabaseUrl(server.url))
    finally:
        server.stop()


def forget_pages(folder: Path) -> None:
    """Have the kernel drop what it has in memory of a folder's files."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> int:
    """Print p50 and p95 of each kind."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, required=True, help="for the database; one that is there is used")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    if missing_servers():
        parser.error(missing_servers())
    result = time_searches(flags.folder, flags.events, flags.rounds)
    if result["events"] != flags.events:
        parser.error(
            f"{flags.folder} has {result['events']} events: give --events {result['events']}, or another folder"
        )
    result = {"benchmark": "centre_search", **result, "load_average": os.getloadavg(), "cores": os.cpu_count()}
    for kind in result["ms"]:
        figures = [percentile(result[name][kind], share) for name in ("ms", "cpu_ms") for share in (0.5, 0.95)]
        print(
            f"{kind:40} p50 {figures[0]:6.0f} p95 {figures[1]:6.0f} ms, of CPU {figures[2]:6.0f} {figures[3]:6.0f} ms"
        )
    if flags.json:
        write_result(flags.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
