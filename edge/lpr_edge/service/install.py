"""`--install-service`: writes settings, account and unit to systemd's folders."""

import grp
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from lpr_edge.base.log import log_info, warn
from lpr_edge.capture.source_address import SourcePath
from lpr_edge.config.cameras import cameras_to_toml
from lpr_edge.config.config import Config
from lpr_edge.config.input_groups import KEY
from lpr_edge.config.loading import build_config, each_camera, flat_values, load_config, schema_of
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.settings.toml_file import table_to_toml
from lpr_edge.service.unit import (
    NAME,
    SETTINGS,
    STATE,
    USER,
    USERS,
    drop_in_text,
    folders_outside,
    template_text,
    unit_text,
)

GROUPS = ("video", "render", "gpio")
"""Of cameras, and of pins for a program that opens a gate; those that there are."""
MODES = {SETTINGS: 0o640}
"""Settings may hold passwords: for root and the service alone."""
UNITS = Path("/etc/systemd/system")


def install_service(config: Config, given: Path | None, only_print: bool, stdout: TextIO) -> None:
    """Write the service's files as root; for other users, or on request, print them.

    Args:
        config: the service's settings.
        given: the file that says so; None to write one.
        only_print: whether to print in any case.
        stdout: where to.

    Raises:
        LprError: these settings, or this installation, can't be a service.
    """
    unit, files = plan(config, given)
    for line in obstacles(config, given):
        warn(line)
    if only_print or os.geteuid() != 0:
        for path, text in files.items():
            stdout.write(f"# {path}\n{text}\n")
        if not only_print:
            log_info(
                "nothing was written: that takes root, for example sudo env PATH=$PATH lpr-edge --install-service ..."
            )
        return
    write_files(files, Path("/"))
    activate()
    if given is None or given.absolute() == SETTINGS:
        _hand_over(SETTINGS)
    log_info(
        f"next: systemctl enable --now {unit}; what it says: journalctl -u {unit} -f; new settings: systemctl reload"
    )


def plan(config: Config, given: Path | None, root: Path = Path("/")) -> tuple[str, dict[Path, str]]:
    """Plan the unit's name, and each file to write with its text.

    A device's one camera is `lpr-edge`, which reads /etc/lpr/lpr.toml. Each other file of settings is a camera of its
    own, `lpr-edge@NAME` after the file's name, so that a second one doesn't take the first one's place.

    Args:
        config: the service's settings.
        given: the file that says so; None to write one.
        root: where installed units are looked for.

    Raises:
        LprError: the settings can't be a service's, or another camera has that name.
    """
    config = absolute(config)
    files: dict[Path, str] = {}
    settings = given.absolute() if given else SETTINGS
    if given is None:
        files[SETTINGS] = table_to_toml(
            schema_of(map(type, config.sinks.values())), flat_values(config), changed_only=True
        ) + cameras_to_toml(config.cameras)
    elif absolute(load_config(given, {})) != config:
        raise LprError(f"the service reads only {settings}: write the values of flags and LPR_... variables there")
    files[Path(f"/etc/sysusers.d/{USER}.conf")] = USERS
    own = unit_text(config, settings, _groups())
    if settings == SETTINGS or _command_of(own) == _command_of(_installed(root, UNITS / f"{NAME}.service")):
        files[UNITS / f"{NAME}.service"] = own
        return NAME, files
    unit, drop_in = f"{NAME}@{settings.stem}", drop_in_text(config, settings, settings.stem)
    place = UNITS / f"{unit}.service.d" / "lpr.conf"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", settings.stem):
        raise LprError(
            f"{settings} names the unit {unit}: rename the file so that it has letters, digits, - and _ alone"
        )
    if _command_of(_installed(root, place)) not in ("", _command_of(drop_in)):
        raise LprError(
            f"{place} is another camera's: rename {settings.name}, after which {unit} is called, or delete that"
        )
    files[UNITS / f"{NAME}@.service"] = template_text(_groups())
    files[place] = drop_in
    return unit, files


def _installed(root: Path, place: Path) -> str:
    """Text of the installed unit; empty if there is none."""
    try:
        return (root / place.relative_to("/")).read_text(encoding="utf-8")
    except OSError:
        return ""


def _command_of(unit: str) -> str:
    """Settings in a unit's command, without the Python interpreter, which may have changed; empty without a command."""
    commands = re.findall(r"^ExecStart=.* --config (.*)$", unit, re.MULTILINE)
    return str(commands[-1]) if commands else ""


def absolute(config: Config) -> Config:
    """Make all paths of the settings absolute: a service has no working directory of its own."""
    values = _absolute(flat_values(config))
    cameras = tuple(replace(camera, values=_absolute(camera.values)) for camera in config.cameras)
    return build_config(values | ({KEY: cameras} if cameras else {}))


def _absolute(values: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: value.absolute() if isinstance(value, Path) else value for key, value in values.items()}
    source = values.get("source")
    if isinstance(source, SourcePath):
        made["source"] = SourcePath(source.path.absolute())
    return made


def write_files(files: dict[Path, str], root: Path) -> None:
    """Write files under a root folder.

    Raises:
        LprError: settings stand there already, or a file can't be written.
    """
    if SETTINGS in files and (root / SETTINGS.relative_to("/")).exists():
        raise LprError(f"{SETTINGS} exists already: edit it, then give --install-service --config {SETTINGS}")
    for path, text in files.items():
        place = root / path.relative_to("/")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch(mode=MODES.get(path, 0o644))
            place.write_text(text, encoding="utf-8")
        except OSError as error:
            raise LprError(f"can't write {place}: {error.strerror}") from error
        log_info(f"wrote {place}")


def activate() -> None:
    """Create the account, and reload systemd's units.

    Raises:
        LprError: there is no systemd here, or it refuses.
    """
    for command in (["systemd-sysusers"], ["systemctl", "daemon-reload"]):
        try:
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            raise LprError(f"{' '.join(command)} failed ({error}): is this a machine with systemd?") from error


def _hand_over(settings: Path) -> None:
    """Give the service's account access to its settings, which may contain passwords."""
    try:
        shutil.chown(settings, group=USER)
    except (OSError, LookupError) as error:
        raise LprError(f"can't give {settings} to the group {USER} ({error}): sudo chgrp {USER} {settings}") from error


def obstacles(config: Config, settings: Path | None) -> list[str]:
    """List what the account can't read or write though it must, one line each."""
    models = config.models
    of_sinks = [path for sink in config.enabled_sinks for path in sink.read_files()]
    lists = dict.fromkeys(own.watchlist.list for own in each_camera(config))
    needed = (Path(sys.executable), settings, *lists, models.detector, models.reader, *of_sinks)
    found = [
        f"the service's account {USER} can't read {path}, as {closed} is closed to it"
        for path in needed
        if path is not None and (closed := _closed_to_service(path.absolute()))
    ]
    found += [f"make {folder} writable for {USER}, or take one in {STATE}" for folder in folders_outside(config)]
    if config.output.show:
        found.append("a service has no screen: leave out --show")
    return found


def _closed_to_service(path: Path) -> Path | None:
    """The first folder on a file's path, or the file itself, that the account may not enter or read."""
    for part in (*reversed(path.parents), path):
        try:
            status = part.stat()
        except OSError:
            return part
        needed = stat.S_IXOTH if stat.S_ISDIR(status.st_mode) else stat.S_IROTH
        if not status.st_mode & (needed | needed << 3 if _is_own_group(status.st_gid) else needed):
            return part
    return None


def _is_own_group(number: int) -> bool:
    """Whether a group is the account's own, which `_hand_over` gives access."""
    try:
        return grp.getgrgid(number).gr_name == USER
    except KeyError:
        return False


def _groups() -> list[str]:
    there = {group.gr_name for group in grp.getgrall()}
    return [name for name in GROUPS if name in there]
