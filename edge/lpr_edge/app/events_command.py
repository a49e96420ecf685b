"""`lpr-edge events`: search, show, correct, export and delete the events of the history."""

import argparse
import getpass
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from lpr_edge.base.log import log_info
from lpr_edge.config.loading import load_config
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.units import parse_duration

MAX_FOUND = 50
FORMATS = ("csv", "xlsx", "jsonl")


def build_parser() -> argparse.ArgumentParser:
    """The parser of `lpr-edge events`."""
    parser = argparse.ArgumentParser(prog="lpr-edge events", description=__doc__, allow_abbrev=False)
    jobs = parser.add_subparsers(required=True, metavar="JOB")
    _add_search(jobs)
    show = _add_job(jobs, "show", show_event, "print an event with its corrections")
    show.add_argument("id", metavar="ID", help="of the event")
    show.add_argument("--pictures", type=Path, metavar="DIR", help="write its pictures to this folder")
    correct = _add_job(jobs, "correct", correct_event, "keep what a plate really shows with what was read")
    correct.add_argument("id", metavar="ID", help="of the event")
    correct.add_argument("text", metavar="TEXT", help="the plate, in Devanagari or Latin letters")
    correct.add_argument("--who", default="", help="who says so (default: this user)")
    _add_export(jobs)
    prune = _add_job(jobs, "prune", prune_events, "delete events that are older than --keep")
    prune.add_argument("--keep", required=True, metavar="TEXT", help="age, such as 30d; 0s deletes all")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run a subcommand of `lpr-edge events`; returns the exit status.

    Raises:
        LprError: there is no history, or it can't be used.
    """
    status: int = arguments.act(arguments)
    return status


def search_events(arguments: argparse.Namespace) -> int:
    """Print matching events, newest first, as JSON lines; 1 without any."""
    from lpr_edge.history.export import to_dict

    page = _access(arguments).page(_search_filter(arguments), arguments.before, arguments.limit)
    for found in page.events:
        _print(to_dict(found))
    if page.after is not None:
        log_info(f"there are more: --before {page.after} gives the following ones")
    return 0 if page.events else 1


def show_event(arguments: argparse.Namespace) -> int:
    """Print one event, and write its images."""
    from lpr_edge.history.export import to_dict

    access = _access(arguments)
    found = access.event(arguments.id)
    if found is None:
        raise _no_event(arguments.id)
    _print(to_dict(found))
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        for name in ("frame", "plate"):
            if (jpeg := access.picture(arguments.id, name)) is not None:
                (arguments.pictures / f"{found.number}-{name}.jpg").write_bytes(jpeg)
    return 0


def correct_event(arguments: argparse.Namespace) -> int:
    """Store a correction, and print the event."""
    from lpr_edge.history.export import to_dict

    found = _access(arguments).correct(arguments.id, arguments.text, arguments.who or _user(), time.time())
    if found is None:
        raise _no_event(arguments.id)
    _print(to_dict(found))
    return 0


def export_events(arguments: argparse.Namespace) -> int:
    """Write the events of a day, in local time, to a file or stdout."""
    from dataclasses import replace

    from lpr_edge.history.export import WRITERS, events_of, local_day

    since, until = local_day(arguments.day)
    access = _access(arguments)
    with access.searching() as search, _output(arguments.output) as stream:
        wanted = replace(_search_filter(arguments), since=since, until=until)
        WRITERS[arguments.format](events_of(search, access.hidden(wanted)), stream)
    return 0


def prune_events(arguments: argparse.Namespace) -> int:
    """Delete old events with their images."""
    from lpr_edge.history.store import History

    access = _access(arguments)
    with access.searching():
        pass
    history = History(access.folder, access.grammar.country)
    try:
        count = history.drop_before(time.time() - parse_duration(arguments.keep, "keep").total_seconds())
    finally:
        history.close()
    log_info(f"{count} events deleted from {history.path}")
    return 0


def _add_job(jobs: Any, name: str, act: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
    job: argparse.ArgumentParser = jobs.add_parser(name, help=summary, description=act.__doc__, allow_abbrev=False)
    job.set_defaults(act=act)
    job.add_argument("--config", type=Path, metavar="FILE", help="settings of the lpr-edge that keeps the history")
    job.add_argument("--history-folder", type=Path, metavar="PATH", help="the history's folder, in place of theirs")
    return job


def _add_search(jobs: Any) -> None:
    search = _add_job(jobs, "search", search_events, "print events by part of a plate, time, camera, list, direction")
    search.add_argument("text", nargs="?", default="", metavar="TEXT", help="part of a plate, in either script")
    search.add_argument("--since", type=_moment, metavar="TIME", help="2026-03-01 or 2026-03-01T06:00, local time")
    search.add_argument("--until", type=_end, metavar="TIME", help="the same; a day is meant with its evening")
    _add_filters(search)
    search.add_argument("--limit", type=int, default=MAX_FOUND, metavar="N", help="at most so many (default: 50)")
    search.add_argument("--before", type=int, metavar="NUMBER", help="go on behind a page, which says this number")


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--camera", default="", metavar="NAME", help="events of this camera or source")
    parser.add_argument("--direction", default="", metavar="TEXT", help="events of vehicles that went this way")
    parser.add_argument("--list", default="", metavar="TEXT", help="any, or a list entry's name or action")
    parser.add_argument("--exact", action="store_true", help="no sign of TEXT may be wrong")


def _add_export(jobs: Any) -> None:
    export = _add_job(jobs, "export", export_events, "write the events of a day as a table")
    export.add_argument("--day", type=date.fromisoformat, required=True, metavar="DAY", help="2026-03-01, local time")
    export.add_argument("--format", choices=FORMATS, default="csv", help="of the table (default: csv)")
    export.add_argument("--output", type=Path, metavar="FILE", help="write here, not to stdout")
    export.add_argument("text", nargs="?", default="", metavar="TEXT", help="only plates with this part")
    _add_filters(export)


def _access(arguments: argparse.Namespace) -> Any:
    from lpr_edge.text.grammar import Grammar
    from lpr_edge.wiring.wire_collect import correction_keeper
    from lpr_edge.wiring.wire_hashing import configured_hasher
    from lpr_edge.wiring.wire_sinks import history_access, reader_country

    config = load_config(arguments.config)
    grammar = Grammar(reader_country(config))
    hasher = configured_hasher(config, grammar)
    hide, keep = hasher.hash_text if hasher else None, correction_keeper(config, grammar.country)
    return history_access(config, grammar, hide, arguments.history_folder, keep)


def _search_filter(arguments: argparse.Namespace) -> Any:
    from lpr_edge.history.search import SearchFilter

    return SearchFilter(
        arguments.text,
        arguments.exact,
        getattr(arguments, "since", None),
        getattr(arguments, "until", None),
        arguments.camera,
        arguments.direction,
        arguments.list,
    )


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-03-01T06:00") from error


def _end(text: str) -> datetime:
    """Parse a time; a day without a time of day stands for the day's end."""
    moment = _moment(text)
    with suppress(ValueError):
        return _moment((date.fromisoformat(text) + timedelta(days=1)).isoformat())
    return moment


@contextmanager
def _output(path: Path | None) -> Iterator[BinaryIO]:
    """A stream to a file, which is created only when it is complete, or stdout."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "command line"


def _no_event(event_id: str) -> LprError:
    return LprError(f"the history has no event {event_id}: find it with lpr-edge events search")


def _print(record: dict[str, Any]) -> None:
    print(json.dumps(record, ensure_ascii=False))
