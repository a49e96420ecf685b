"""Settings of several cameras in one process: `[[cameras]]` tables, or repeated `--camera` flags."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lpr_edge.config.input_groups import KEY, CameraSettings, CaptureConfig, ReadingConfig
from lpr_edge.config.output_groups import WatchlistConfig
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.settings.fields import Setting, settings_in
from lpr_edge.contract.settings.toml_file import table_to_toml
from lpr_edge.contract.settings.values import check_table

OF_ALL = ("source_name", "every_frame", "max_frames")
"""Keys of the same groups that one camera can't have for itself."""
OLD_KEYS = {"looks": "tta", "list_doubt": "list_edits_below"}
"""Names of earlier versions -> today's."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""A camera's name stands in topics, file names and addresses."""


def camera_keys() -> dict[str, Setting]:
    """Settings that each camera may have for itself, by key."""
    groups = (CaptureConfig, ReadingConfig, WatchlistConfig)
    return {key: setting for group in groups for key, setting in settings_in(group).items() if key not in OF_ALL}


def read_cameras(tables: object, origin: str) -> tuple[CameraSettings, ...]:
    """Parse a file's `[[cameras]]`.

    Args:
        tables: what stands under that key.
        origin: the file, for error messages.

    Raises:
        LprError: a table has no name or another's, an unknown key, or a value of the wrong type.
    """
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise LprError(f"{origin}: `{KEY}` is no list of tables: write [[{KEY}]] above each camera's settings.")
    cameras = [_read_camera(table, number, origin) for number, table in enumerate(tables, 1)]
    check_names([camera.name for camera in cameras], origin)
    return tuple(cameras)


def _read_camera(table: Mapping[str, Any], number: int, origin: str) -> CameraSettings:
    name = table.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        found = "has no `name`" if name is None else f"has the `name` {name!r}"
        raise LprError(
            f'{origin}: camera {number} {found}: give one of letters, digits, - _ and . such as name = "gate".'
        )
    known = {"name": Setting("name", str, "", "", False)} | camera_keys()
    values = check_table(known, with_todays_keys(table), f"{origin}: camera {name}")
    del values["name"]
    return CameraSettings(name, values)


def with_todays_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the keys of earlier versions."""
    return {OLD_KEYS.get(key, key): value for key, value in values.items()}


def check_names(names: Sequence[str], origin: str) -> None:
    """Reject a name that two cameras share; upper and lower case are equal, as in file names of some disks.

    Raises:
        LprError: two have one.
    """
    for name, count in Counter(name.lower() for name in names).items():
        if count > 1:
            raise LprError(f"{origin}: {count} cameras have the name {name}: give each its own.")


def cameras_to_toml(cameras: Iterable[CameraSettings]) -> str:
    """Cameras as TOML; empty without any."""
    known = camera_keys()
    tables = []
    for camera in cameras:
        own = {key: known[key] for key in camera.values}
        tables.append(f'\n[[{KEY}]]\nname = "{camera.name}"\n{table_to_toml(own, camera.values)}')
    return "".join(tables)
