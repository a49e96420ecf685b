"""Reads to the end of a run, reports each step to systemd, and closes what was opened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr_edge.app.run.run_control import Again, RunControl
from lpr_edge.base.signals import Reloading
from lpr_edge.collect.collector import Collector
from lpr_edge.delivery.sink import Sink
from lpr_edge.wiring.frame_outputs import FrameOutputs

WasAsked = Callable[[], bool]
"""Returns whether SIGHUP has come since the last call."""


@dataclass(frozen=True)
class RunOptions:
    """What a command line asks of a run, in addition to the settings."""

    again: Again | None = None
    """Reads the settings once more; None where this process can't begin again."""
    was_asked: WasAsked = lambda: False
    """Whether SIGHUP has come."""
    replay: float | None = None
    """Sinks are sent the events that they never had and that were stored since then, in seconds since 1970."""
    settings_file: Path | None = None
    """The file that was given, which the page may change."""


def run_to_end(
    run: RunControl,
    sink: Sink,
    views: Sequence[FrameOutputs | Collector],
    read: Callable[[], None],
    hand_on: Callable[[], None],
) -> None:
    """Read to the end, then close outputs and sink; each step is reported to systemd.

    Args:
        run: see `RunControl`.
        sink: takes the records.
        views: of each camera, and what collects of it.
        read: does the work.
        hand_on: leaves what the run after a reload goes on with.
    """
    notifier = run.notifier
    notifier.ready()
    try:
        read()
    except Reloading:
        notifier.reloading()
        hand_on()
        raise
    except BaseException as end:
        if isinstance(end, KeyboardInterrupt):
            sink.stop_waiting()
        notifier.stopping()
        raise
    finally:
        for view in views:
            view.close()
        run.close()
        sink.close()
