"""The systemd unit of lpr-edge."""

import sys
from collections.abc import Iterator
from pathlib import Path

from lpr_edge.config.config import Config
from lpr_edge.config.loading import each_camera

NAME = "lpr-edge"
USER = "lpr"
SETTINGS = Path("/etc/lpr/lpr.toml")
STATE = Path("/var/lib/lpr")
"""Folder that systemd creates for `StateDirectory=lpr`: the only one that belongs to the service."""

UNIT = """\
[Unit]
Description={description}
After=network-online.target time-sync.target
Wants=network-online.target
# A camera that isn't there yet is waited for as long as it takes.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=5
# The loop pets the watchdog; an SD card may hold it up for some seconds, but not for a minute.
WatchdogSec=60
TimeoutStopSec=10
KillMode=mixed
# Records are for the sinks. In the journal they would be stored plates that nobody asked for.
StandardOutput=null
# Left to itself, what it says would go where its records go.
StandardError=journal

User={user}
Group={user}
SupplementaryGroups={groups}
StateDirectory={state}
StateDirectoryMode=0700
UMask=0077
{writable}
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
# Python may be installed in a home directory.
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices={private_devices}
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""
# Left out on purpose: ProtectClock shuts out all devices, cameras too (systemd sets a device list for it);
# MemoryDenyWriteExecute forbids what the networks' runtimes may generate.

USERS = f"""\
u {USER} - "Licence plate recognition" {STATE}
"""
"""sysusers.d(5): an account that nobody can log in to."""


DROP_IN = """\
# What {unit} has besides {name}@.service.
[Service]
ExecStart=
ExecStart={command}
{writable}PrivateDevices={private_devices}
"""


def template_text(groups: list[str]) -> str:
    """The unit template for devices with several cameras: `lpr-edge@NAME` reads `/etc/lpr/NAME.toml`.

    Args:
        groups: that the account is in besides its own, for camera and pins.
    """
    return UNIT.format(
        description="Reads licence plates at %i",
        command=_command(f"{SETTINGS.parent}/%i.toml"),
        user=USER,
        groups=" ".join(groups),
        state="lpr lpr/%i",
        writable="",
        private_devices="yes",
    )


def drop_in_text(config: Config, settings: Path, name: str) -> str:
    """The drop-in with one camera's settings in addition to the template.

    Args:
        config: the service's settings.
        settings: the file that holds them.
        name: of the camera, as in `lpr-edge@NAME`.
    """
    return DROP_IN.format(
        unit=f"{NAME}@{name}",
        name=NAME,
        command=_command(_escaped(str(settings))),
        writable=_writable(config),
        private_devices=_private_devices(config),
    )


def unit_text(config: Config, settings: Path, groups: list[str], python: str | None = None) -> str:
    """The unit for a device with one camera.

    Args:
        config: the service's settings.
        settings: the file that holds them.
        groups: that the account is in besides its own, for camera and pins.
        python: the interpreter that has lpr; None for this one.
    """
    return UNIT.format(
        description="Reads licence plates",
        command=_command(_escaped(str(settings)), python),
        user=USER,
        groups=" ".join(groups),
        state="lpr",
        writable=_writable(config),
        private_devices=_private_devices(config),
    )


def _command(settings: str, python: str | None = None) -> str:
    """The unit's command line, with the settings' path as a unit writes it."""
    words = (_escaped(python or sys.executable), "-m", "lpr_edge", "--config", settings)
    return " ".join(f'"{word}"' if any(c.isspace() for c in word) else word for word in words)


def _writable(config: Config) -> str:
    return "".join(f"ReadWritePaths={_quoted('-' + str(path))}\n" for path in folders_outside(config))


def _private_devices(config: Config) -> str:
    """`PrivateDevices` of the unit: off for a camera, and for a program that may need a GPIO pin."""
    cameras = each_camera(config)
    return "no" if any(own.capture.camera is not None or own.watchlist.on_match for own in cameras) else "yes"


def folders_outside(config: Config) -> list[Path]:
    """Folders that the service writes to and that systemd doesn't create for it."""
    return sorted({path for path in written_folders(config) if not path.is_relative_to(STATE)})


def written_folders(config: Config) -> Iterator[Path]:
    """Every folder that these settings write to."""
    for file in (config.delivery.store, config.output.save_video, config.privacy.hash_key):
        if file:
            yield file.parent
    for sink in config.enabled_sinks:
        yield from sink.written_folders()
    if config.output.save_images:
        yield config.output.save_images
    if config.collect.collect:
        yield config.collect.collect


def _quoted(word: str) -> str:
    word = _escaped(word)
    return f'"{word}"' if any(c.isspace() for c in word) else word


def _escaped(word: str) -> str:
    """Escape a word for a unit's command line, see systemd.service(5): `%` and `$` have special meanings there."""
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
