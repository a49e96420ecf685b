"""`lpr-bench history`: pages of a history of a million events, timed with and without the system's cache."""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from lpr_bench.base.results import Record
from lpr_bench.history.made_events import END, made_events
from lpr_bench.system.boards import add_board_flags, publish, show
from lpr_bench.system.environment import describe_environment
from lpr_bench.system.validity import describe_validity
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country
from lpr_edge.history.schema import FILE, open_reader
from lpr_edge.history.search import Search, SearchFilter
from lpr_edge.history.store import History
from lpr_export.report.text_table import format_table

EVENTS = 1_000_000
BATCH = 2000
RUNS = 5
CARD_READS = 1500
"""Random reads of 4 KiB a second that every memory card of class A1 must reach."""
LIMIT_MS = 200.0


def add_command(benchmarks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `lpr-bench`."""
    parser = benchmarks.add_parser("history", help="pages of a history of a million events, each search timed")
    parser.add_argument("--events", type=int, default=EVENTS, metavar="N", help="of the history (default: 1000000)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep the history there, and use one that is there")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help="of each search (default: 5)")
    add_board_flags(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Make the history and time its searches; returns 1 if a page takes longer than the limit."""
    with tempfile.TemporaryDirectory() as scratch:
        record = time_history(parsed.folder or Path(scratch), parsed.events, parsed.runs)
    show(record, format_history(record))
    publish(record, parsed)
    return int(any(search["cold_ms"] > LIMIT_MS for search in record["searches"]))


def time_history(folder: Path, events: int, runs: int) -> Record:
    """Make a history unless the folder has one, and time searches; returns the record.

    Args:
        folder: of the history.
        events: number of events that it has, or is given.
        runs: number of timings of each search.
    """
    country, path = load_country(), folder / FILE
    made_s = None if path.exists() else _make(folder, country, events)
    with closing(open_reader(path)) as connection:
        stored = connection.execute("SELECT COUNT(*) FROM events").fetchone()[0]
    return {
        "benchmark": "history",
        "environment": describe_environment(),
        "events": stored,
        "file_bytes": path.stat().st_size,
        "inserted_per_s": None if made_s is None else round(events / made_s),
        "searches": [_time(path, country, name, wanted, runs) for name, wanted in searches_of(country, events).items()],
        "validity": describe_validity([]),
    }


def searches_of(country: Country, events: int) -> dict[str, SearchFilter]:
    """The timed searches by name: frequent and rare parts, exact or not, and filters that match much or little."""
    sample = [record["text"] for record in islice(made_events(country, events), 200)]
    whole = max(sample, key=len)
    zonal = country.transliterate(country.tokenize(next(text for text in sample if len(country.tokenize(text)) == 8)))
    since, until = END - timedelta(days=3), END - timedelta(days=2)
    return {
        "the newest events": SearchFilter(),
        "two digits": SearchFilter("42"),
        "four digits": SearchFilter("4711"),
        "four digits, exact": SearchFilter("4711", exact=True),
        "a whole plate, Latin": SearchFilter(zonal),
        "a whole plate, Devanagari": SearchFilter(whole),
        "a letter and four digits": SearchFilter("PA 4711"),
        "a part that no plate has": SearchFilter("ZZQQXX"),
        "four digits of a list's name": SearchFilter("4711", listed="Vehicle 7"),
        "four digits, one camera, one direction, one day": SearchFilter(
            "4711", since=since, until=until, source="yard", direction="out"
        ),
        "a camera and a direction that exclude each other": SearchFilter(source="yard", direction="in"),
    }


def _make(folder: Path, country: Country, events: int) -> float:
    """Store generated events; returns the duration in seconds."""
    history = History(folder, country)
    begin = perf_counter()
    records = made_events(country, events)
    done = 0
    while batch := list(islice(records, BATCH)):
        history.add([(record, {}) for record in batch])
        done += len(batch)
        if done % (50 * BATCH) == 0:
            print(f"{done:,} of {events:,} events", file=sys.stderr)
    made_s = perf_counter() - begin
    history.merge()  # as lpr-edge does once a day
    history.close()
    return made_s


def _time(path: Path, country: Country, name: str, search_filter: SearchFilter, runs: int) -> dict[str, Any]:
    """Time the first page of a search, including opening the file."""
    cold: list[float] = []
    warm: list[float] = []
    reads: list[int] = []
    busy: list[float] = []
    found = 0
    for _ in range(runs):
        for times in (cold, warm):
            if times is cold:
                _forget(path)
            before, begin, begin_busy = _reads(), perf_counter(), process_time()
            with closing(open_reader(path)) as connection:
                found = len(Search(connection, country).page(search_filter).events)
            times.append(1000 * (perf_counter() - begin))
            busy.append(1000 * (process_time() - begin_busy))
            if times is cold:
                reads.append(_reads() - before)
    return {
        "search": name,
        "events": found,
        "cold_ms": median(cold),
        "warm_ms": median(warm),
        "cpu_ms": median(busy),
        "reads": median(reads),
        "card_ms": median(busy) + 1000 * median(reads) / CARD_READS,
        "raw_ms": {"cold": cold, "warm": warm},
    }


def _forget(path: Path) -> None:
    """Drop the file from the system's page cache."""
    for part in (path, path.with_name(f"{path.name}-wal")):
        if part.exists():
            with part.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _reads() -> int:
    """Number of read calls of this process so far; SQLite makes one per page."""
    text = Path("/proc/self/io").read_text(encoding="ascii")
    return int(dict(line.split(": ") for line in text.splitlines())["syscr"])


def history_rows(record: Mapping[str, Any]) -> list[list[str]]:
    """A row for each search: events found, times and reads."""
    return [
        [
            search["search"],
            str(search["events"]),
            f"{search['cpu_ms']:.0f}",
            f"{search['warm_ms']:.0f}",
            f"{search['cold_ms']:.0f}",
            f"{search['reads']:.0f}",
            f"{search['card_ms']:.0f}",
        ]
        for search in record["searches"]
    ]


HEAD: Sequence[str] = (
    "search",
    "events",
    "processor, ms",
    "in cache, ms",
    "not in cache, ms",
    "pages read",
    "with an A1 card, ms",
)


def format_history(record: Mapping[str, Any]) -> str:
    """Results as a text table."""
    size = f"{record['events']:,} events, {record['file_bytes'] / 1e6:,.0f} MB\n\n"
    return size + format_table(HEAD, history_rows(record))
