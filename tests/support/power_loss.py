"""A disk that loses power: what SQLite writes is noted below it, and each moment's disk is put together again.

`python -m tests.support.power_loss FOLDER TRACE SYNCHRONOUS` runs an outbox over SQLite's own file layer, whose writes,
truncations, syncs and deletions are noted, with the outbox's renames and the events that were announced.
"""

import ctypes
import ctypes.util
import os
import pickle
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tests.support.deliveries import record

from lpr_edge.delivery.outbox import Outbox

SECTOR = 512
"""A disk writes so many bytes whole or not at all."""

Step = tuple[Any, ...]
"""What happened: its name, the file's, and what belongs to it."""

METHODS = 18
WRITE, TRUNCATE, SYNC = 2, 3, 4
"""Places in sqlite3_io_methods, behind its version."""


RECORDERS: list[Any] = []
"""SQLite calls them as long as the process lives."""


class IoMethods(ctypes.Structure):
    """sqlite3_io_methods of sqlite3.h."""

    _fields_ = (("version", ctypes.c_int), ("method", ctypes.c_void_p * METHODS))


class OpenFile(ctypes.Structure):
    """sqlite3_file."""

    _fields_ = (("methods", ctypes.POINTER(IoMethods)),)


class Vfs(ctypes.Structure):
    """The beginning of sqlite3_vfs."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        ("delete", ctypes.c_void_p),
    )


Pointer, Int, Long = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
Open = ctypes.CFUNCTYPE(Int, Pointer, Pointer, ctypes.POINTER(OpenFile), Int, Pointer)
Delete = ctypes.CFUNCTYPE(Int, Pointer, ctypes.c_char_p, Int)
Write = ctypes.CFUNCTYPE(Int, Pointer, Pointer, Int, Long)
Truncate = ctypes.CFUNCTYPE(Int, Pointer, Long)
Sync = ctypes.CFUNCTYPE(Int, Pointer, Int)


class Recorder:
    """Notes what SQLite does to its files, in this process and from now on."""

    def __init__(self, note: Callable[[Step], None]) -> None:
        self._note = note
        self._names: dict[int, str] = {}
        self._methods: dict[int, Any] = {}
        library = ctypes.CDLL(ctypes.util.find_library("sqlite3"))
        library.sqlite3_libversion.restype = ctypes.c_char_p
        assert library.sqlite3_libversion().decode() == sqlite3.sqlite_version, "Python has another SQLite inside"
        library.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
        vfs = library.sqlite3_vfs_find(None).contents
        self._open, self._delete = Open(vfs.open), Delete(vfs.delete)
        self._kept = [Open(self._on_open), Delete(self._on_delete)]
        vfs.open, vfs.delete = (ctypes.cast(function, Pointer).value for function in self._kept)

    def _on_open(self, vfs: int, name: int | None, file: Any, flags: int, out: int) -> int:
        code = int(self._open(vfs, name, file, flags, out))
        if code == 0 and name:
            address = ctypes.addressof(file.contents)
            self._names[address] = ctypes.string_at(name).decode()  # the pointer goes on: more stands behind the name
            file.contents.methods = ctypes.pointer(self._noting(file.contents.methods))
        return code

    def _on_delete(self, vfs: int, name: bytes, sync: int) -> int:
        self._note(("delete", name.decode()))
        return int(self._delete(vfs, name, sync))

    def _noting(self, methods: Any) -> Any:
        address = ctypes.addressof(methods.contents)
        if address in self._methods:
            return self._methods[address][0]
        copy = IoMethods.from_buffer_copy(methods.contents)
        write, truncate, sync = Write(copy.method[WRITE]), Truncate(copy.method[TRUNCATE]), Sync(copy.method[SYNC])

        def on_write(file: int, data: int, count: int, offset: int) -> int:
            self._note(("write", self._names[file], offset, ctypes.string_at(data, count)))
            return int(write(file, data, count, offset))

        def on_truncate(file: int, size: int) -> int:
            self._note(("truncate", self._names[file], size))
            return int(truncate(file, size))

        def on_sync(file: int, flags: int) -> int:
            code = int(sync(file, flags))
            self._note(("sync", self._names[file]))
            return code

        kept = Write(on_write), Truncate(on_truncate), Sync(on_sync)
        for place, function in zip((WRITE, TRUNCATE, SYNC), kept, strict=True):
            copy.method[place] = ctypes.cast(function, Pointer).value
        self._methods[address] = copy, kept, write, truncate, sync
        return copy


class Disk:
    """Files as they are, and as much of them as is safe."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.safe = {name: bytearray(data) for name, data in files.items()}
        self._pending: list[Step] = []

    @property
    def is_pending(self) -> bool:
        """Whether anything isn't safe."""
        return bool(self._pending)

    def do(self, step: Step) -> None:
        """Take one step: what isn't synced is pending, names are safe at once."""
        kind, name, *rest = step
        if kind in ("write", "truncate"):
            self._pending.append(step)
        elif kind == "sync":
            self._settle(self.safe, [other for other in self._pending if other[1] == name])
            self._pending = [other for other in self._pending if other[1] != name]
        elif kind == "delete":
            self.safe.pop(name, None)
            self._pending = [other for other in self._pending if other[1] != name]
        elif kind == "rename" and name in self.safe:
            self.safe[rest[0]] = self.safe.pop(name)

    def after_power_loss(self, rng: np.random.Generator, share: float) -> dict[str, bytes]:
        """The files that are found: of what was pending, each sector has come through by chance."""
        files = {name: bytearray(data) for name, data in self.safe.items()}
        kept: list[Step] = []
        for kind, name, *rest in self._pending:
            if kind == "truncate":
                kept += [(kind, name, *rest)] if rng.random() < share else []
                continue
            offset, data = rest
            for start in range(0, len(data), SECTOR):
                if rng.random() < share:
                    kept.append((kind, name, offset + start, data[start : start + SECTOR]))
        self._settle(files, kept)
        return {name: bytes(data) for name, data in files.items()}

    @staticmethod
    def _settle(files: dict[str, bytearray], steps: list[Step]) -> None:
        for kind, name, *rest in steps:
            content = files.setdefault(name, bytearray())
            if kind == "truncate":
                del content[rest[0] :]
                continue
            offset, data = rest
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data


def run(folder: Path, synchronous: str) -> list[Step]:
    """Store, deliver and delete events in a folder; what happened."""
    steps: list[Step] = []
    RECORDERS.append(Recorder(steps.append))

    def note_rename(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename":
            steps.append(("rename", *map(str, arguments[:2])))

    sys.addaudithook(note_rename)
    box = Outbox(folder / "outbox.db", ["a", "b"], picture_sinks=["a"])
    if synchronous != "FULL":
        box._connection.execute(f"PRAGMA synchronous = {synchronous}")
    box._connection.execute("PRAGMA wal_autocheckpoint = 20").fetchone()  # so that few steps hold several checkpoints
    for number in range(14):
        box.add(record(number), {"frame": bytes([number]) * 6_000})
        steps.append(("announced", record(number)["id"]))
        if number % 3 == 2 and (stored_event := box.next_for("a")):
            steps.append(("given", stored_event.record["id"]))
            box.mark_delivered("a", stored_event.number)
    box.drop_oldest(2)
    steps.append(("dropped", record(0)["id"], record(1)["id"]))
    box.add(record(14))
    steps.append(("announced", record(14)["id"]))
    box.close()
    return steps


def moments(
    before: dict[str, bytes], steps: list[Step], every: int = 1
) -> Iterator[tuple[dict[str, bytes], list[Step]]]:
    """The disk after a power loss at each step, or one of so many, with none, half and all of what was pending.

    With it come the steps done until then.
    """
    disk, rng = Disk(before), np.random.default_rng(3)
    for number, step in enumerate(steps):
        if step[0] in ("write", "truncate", "sync", "delete", "rename"):
            disk.do(step)
        if number % every:
            continue
        for share in (0.0, 0.5, 1.0) if disk.is_pending else (0.0,):
            yield disk.after_power_loss(rng, share), steps[: number + 1]


if __name__ == "__main__":
    place, trace, level = sys.argv[1:]
    Path(trace).write_bytes(pickle.dumps(run(Path(place), level)))
    os._exit(0)  # SQLite's file layer isn't itself any more
