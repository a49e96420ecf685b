"""Reads the snapshots of Frigate's events, and labels the events with their plates."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from time import monotonic

from lpr_edge.base.log import log_debug, warn
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.pictures import decode_picture
from lpr_edge.contract.records import Record
from lpr_edge.frigate.frigate_api import FrigateApi, FrigateError
from lpr_edge.frigate.frigate_event import FrigateEvent, parse_event
from lpr_edge.tracking.event_record import plate_record
from lpr_edge.vision.plates import FrameResult, PlateReading

MAX_WAITING = 50
"""Events whose snapshots are still to be read; the oldest give way."""
MAX_KNOWN = 500
"""Events whose label is remembered."""


@dataclass(frozen=True)
class WantedEvents:
    """Filter of the events to read."""

    labels: tuple[str, ...]
    """Of objects that have plates."""
    cameras: tuple[str, ...] = ()
    """Empty for all."""

    def has(self, event: FrigateEvent) -> bool:
        """Whether the filter includes an event."""
        return event.label in self.labels and (not self.cameras or event.camera in self.cameras)


@dataclass
class _Known:
    """State of an event."""

    read_at: float
    """When its last snapshot was read (`monotonic`)."""
    text: str = ""
    confidence: float = 0.0


class PlateLabels:
    """Receives Frigate's messages in one thread, and reads snapshots in another one."""

    def __init__(
        self,
        api: FrigateApi,
        read: Callable[[Image], FrameResult],
        report: Callable[[Record], None],
        wanted: WantedEvents,
        every_s: float,
    ) -> None:
        """Create it without events.

        Args:
            api: gives snapshots, takes labels.
            read: reads a picture.
            report: is called with each label that was written.
            wanted: which events are read.
            every_s: an object's snapshot is read again after so long at the earliest, and at its end.
        """
        self._api = api
        self._read = read
        self._report = report
        self._wanted = wanted
        self._every_s = every_s
        self._waiting: OrderedDict[str, FrigateEvent] = OrderedDict()
        self._changed = Condition()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._has_complained = False

    def take(self, payload: bytes) -> None:
        """Queue a message; it replaces an earlier one of the same event that still waits."""
        try:
            event = parse_event(payload)
        except DataError as error:
            if not self._has_complained:
                warn(str(error))
            self._has_complained = True
            return
        if event is None or not event.has_snapshot or not self._wanted.has(event):
            return
        with self._changed:
            self._waiting[event.id] = event
            if len(self._waiting) > MAX_WAITING:
                lost, _ = self._waiting.popitem(last=False)
                warn(f"Frigate's event {lost} isn't read: {MAX_WAITING} others wait already")
            self._changed.notify()

    def step(self, timeout_s: float) -> bool:
        """Wait for an event, and read it if it is due; returns whether there was one."""
        with self._changed:
            if not self._waiting and not self._changed.wait(timeout_s):
                return False
            _, event = self._waiting.popitem(last=False)
        known = self._known.get(event.id)
        if known is None or event.is_over or monotonic() - known.read_at >= self._every_s:
            self._label(event, known or _Known(0.0))
        return True

    def _label(self, event: FrigateEvent, known: _Known) -> None:
        known.read_at = monotonic()
        self._remember(event, known)
        try:
            data = self._api.snapshot(event.id)
            plate = self._best_plate(data, event)
            if plate is None or not self._is_better(plate, known):
                return
            text, confidence = plate.reading.parsed.latin, plate.reading.confidence
            self._api.set_sub_label(event.id, text, confidence)
        except (FrigateError, DataError) as error:
            warn(f"Frigate's event {event.id} gets no label: {error}")
            return
        known.text, known.confidence = text, confidence
        self._report({"frigate_event": event.id, "source": event.camera, "label": event.label} | plate_record(plate))

    def _best_plate(self, data: bytes, event: FrigateEvent) -> PlateReading | None:
        """The plate with the highest confidence in a snapshot."""
        plates = self._read(decode_picture(data, Path(f"snapshot of {event.id}"))).plates
        if not plates:
            log_debug(f"no plate on the snapshot of Frigate's event {event.id}")
        return max(plates, key=lambda plate: plate.reading.confidence, default=None)

    @staticmethod
    def _is_better(plate: PlateReading, known: _Known) -> bool:
        return plate.reading.parsed.latin != known.text and plate.reading.confidence > known.confidence

    def _remember(self, event: FrigateEvent, known: _Known) -> None:
        self._known[event.id] = known
        self._known.move_to_end(event.id)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
