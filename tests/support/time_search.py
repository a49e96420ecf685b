"""Times searches at a filled database of the centre.

python -m tests.support.time_search DATABASE_URL --json FILE

The plates that are searched are drawn from the table; each search is one that `lpr-fleet search` would make.
"""

import argparse
import os
import random
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from lpr_bench.base.results import write_result
from lpr_bench.history.made_events import END
from lpr_fleet.search.query import Wanted, search_query

SIGNS = "0123456789"


def one_wrong(signs: str, rng: random.Random) -> str:
    """The same signs with one replaced by a digit."""
    at = rng.randrange(len(signs))
    return signs[:at] + rng.choice(SIGNS) + signs[at + 1 :]


KINDS: dict[str, Callable[[str, random.Random], Wanted]] = {
    "plate": lambda signs, _: Wanted([signs], exact=True),
    "plate, one sign wrong": lambda signs, rng: Wanted([one_wrong(signs, rng)]),
    "last 4 signs": lambda signs, _: Wanted([signs[-4:]], exact=True),
    "last 4 signs, one wrong": lambda signs, rng: Wanted([one_wrong(signs[-4:], rng)]),
    "last 4 signs, one wrong, in a day": lambda signs, rng: Wanted(
        [one_wrong(signs[-4:], rng)], since=END - timedelta(days=3), until=END - timedelta(days=2)
    ),
    "last 2 signs": lambda signs, _: Wanted([signs[-2:]], exact=True),
}


def measure(url: str, rounds: int) -> dict[str, Any]:
    """Milliseconds of each kind's searches, after one that isn't counted."""
    import psycopg

    rng = random.Random(1)
    with psycopg.connect(url, autocommit=True) as connection:
        events = connection.execute("SELECT count(*) FROM events").fetchone()[0]
        plates = [row[0] for row in connection.execute("SELECT signs FROM events TABLESAMPLE SYSTEM (1) LIMIT 5000")]
        plates = [plate for plate in plates if len(plate) >= 5]
        times: dict[str, list[float]] = {}
        for kind, wanted in KINDS.items():
            for number in range(rounds + 1):
                statement, values = search_query(wanted(rng.choice(plates), rng))
                begin = perf_counter()
                connection.execute(statement, values).fetchall()
                if number:
                    times.setdefault(kind, []).append(round(1000 * (perf_counter() - begin), 2))
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()[0]
    return {"benchmark": "centre_search", "events": events, "bytes": size, "ms": times}


def percentile(values: list[float], share: float) -> float:
    """The value below which such a share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> int:
    """Print p50 and p95 of each kind."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    result = measure(flags.url, flags.rounds)
    result |= {"load_average": os.getloadavg(), "cores": os.cpu_count()}
    for kind, times in result["ms"].items():
        print(f"{kind:36} p50 {percentile(times, 0.5):8.1f} ms   p95 {percentile(times, 0.95):8.1f} ms")
    if flags.json:
        write_result(flags.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
