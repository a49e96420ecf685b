"""A TUF repository on disk: what any web server can serve as static files.

`metadata/N.ROLE.json` and `timestamp.json` are signed; `targets/` holds files under names that begin with their hash.
A client sees either the old or the new state: `timestamp.json` is replaced last.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lpr_edge.contract.whole_files import write_whole
from lpr_edge.updates.release import CHANNELS_TARGET, Channels
from lpr_export.base.errors import ExportError
from lpr_export.repository.keys import load_keys, load_signing, make_key
from lpr_export.repository.signed_metadata import (
    LIFETIME_DAYS,
    PUBLIC_MODE,
    ROLES,
    check_threshold,
    expiry_of,
    read_metadata,
    sign_and_write,
)


@dataclass(frozen=True)
class KeyCount:
    """Keys of a role."""

    threshold: int
    """That must sign."""
    count: int
    """That there are."""


class TufRepository:
    """The repository in a folder, with the available keys."""

    def __init__(self, folder: Path, keys: Sequence[Path]) -> None:
        """Open what `create` has made.

        Args:
            folder: of the repository.
            keys: folders of key files.

        Raises:
            ExportError: there is no repository, or no key.
        """
        load_signing()
        self.folder = folder
        self._metadata, self._targets = folder / "metadata", folder / "targets"
        if not self._versions("root"):
            raise ExportError(f"{folder} is no repository: make one with `lpr-export publish init {folder}`")
        self._signers = load_keys(keys)
        self.root = self._load("root", self._versions("root")[-1])

    @staticmethod
    def create(folder: Path, keys: Path, counts: Mapping[str, KeyCount]) -> "TufRepository":
        """Make keys, and a repository without releases that is signed with them.

        Args:
            folder: of the repository.
            keys: folder that the keys are written to.
            counts: role -> its number of keys; one where it is missing.

        Raises:
            ExportError: there is one already.
        """
        load_signing()
        if (folder / "metadata").exists():
            raise ExportError(f"{folder} is a repository already: nothing was changed")
        from tuf.api.metadata import Metadata, Root

        root = Root(expires=expiry_of("root"))
        for role in ROLES:
            wanted = counts.get(role, KeyCount(1, 1))
            for _ in range(wanted.count):
                root.add_key(make_key(keys, role).public_key, role)
            root.roles[role].threshold = wanted.threshold
        (folder / "metadata").mkdir(parents=True)
        (folder / "targets").mkdir(exist_ok=True)
        sign_and_write(folder / "metadata", Metadata(root), load_keys([keys]), [root], 1)
        repository = TufRepository(folder, [keys])
        repository.publish({}, Channels())
        return repository

    @property
    def channels(self) -> Channels:
        """Releases and channels as they are published."""
        info = self._load_current("targets").signed.targets[CHANNELS_TARGET]
        return Channels.from_json((self._targets / f"{info.hashes['sha256']}.{CHANNELS_TARGET}").read_bytes())

    def publish(self, files: Mapping[str, Path], channels: Channels) -> None:
        """Add targets, and publish with them which channel has which release.

        Args:
            files: target path -> file; none of them may be there yet.
            channels: from now on.

        Raises:
            ExportError: a target is there already, or keys are missing; nothing is published then.
        """
        targets = self._load_current("targets")
        self._require_keys(("targets", "snapshot", "timestamp"))
        taken = sorted(set(files) & set(targets.signed.targets))
        if taken:
            raise ExportError(f"{taken[0]} is published, and no target is ever overwritten: make a new release")
        contents = {path: file.read_bytes() for path, file in files.items()}
        for path, data in {**contents, CHANNELS_TARGET: channels.to_json()}.items():
            targets.signed.targets[path] = self._store(path, data)
        self._sign("targets", targets)
        self.refresh(snapshot=True)

    def refresh(self, snapshot: bool = False, days: int = LIFETIME_DAYS["timestamp"]) -> None:
        """Renew the timestamp, as must be done before it expires; the snapshot, too, where it is wanted or due.

        Args:
            snapshot: whether targets or keys have changed.
            days: for which the timestamp holds.

        Raises:
            ExportError: keys are missing.
        """
        self._require_keys(("snapshot", "timestamp") if snapshot else ("timestamp",))
        from tuf.api.metadata import MetaFile

        found = self._load_current("snapshot")
        is_due = found.signed.expires < datetime.now(UTC) + timedelta(days=days)
        if snapshot or is_due:
            found.signed.meta["targets.json"] = MetaFile(self._versions("targets")[-1])
            self._sign("snapshot", found)
        timestamp = self._load_current("timestamp")
        timestamp.signed.snapshot_meta = MetaFile(self._versions("snapshot")[-1])
        self._sign("timestamp", timestamp, days)

    def rotate(self, role: str, keys: Path) -> list[str]:
        """Replace all keys of a role by new ones, and sign again what the old ones had signed.

        Args:
            role: whose keys.
            keys: folder for the new ones.

        Returns:
            The ids of the keys that hold no longer.

        Raises:
            ExportError: keys are missing.
        """
        from copy import deepcopy

        before = deepcopy(self.root.signed)
        old = list(before.roles[role].keyids)
        self._require_keys({"root", "snapshot", "timestamp", role} - ({role} if role != "root" else set()))
        signed = self.root.signed
        for keyid in old:
            signed.revoke_key(keyid, role)
        for _ in old:
            signer = make_key(keys, role)
            self._signers[signer.public_key.keyid] = signer
            signed.add_key(signer.public_key, role)
        signed.expires = expiry_of("root")
        sign_and_write(self._metadata, self.root, self._signers, [before, signed], before.version + 1)
        if role == "targets":
            self._sign("targets", self._load_current("targets"))
        self.refresh(snapshot=True)
        return old

    def facts(self) -> dict[str, dict[str, Any]]:
        """Version, expiry and keys of each role."""
        return {
            role: {
                "version": self._load_current(role).signed.version,
                "expires": self._load_current(role).signed.expires.isoformat(),
                "threshold": self.root.signed.roles[role].threshold,
                "keys": len(self.root.signed.roles[role].keyids),
            }
            for role in ROLES
        }

    def _store(self, path: str, data: bytes) -> Any:
        """Write a target under its hash, and describe it."""
        from tuf.api.metadata import TargetFile

        folder, _, name = path.rpartition("/")
        digest = hashlib.sha256(data).hexdigest()
        place = self._targets / folder / f"{digest}.{name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, data)
        place.chmod(PUBLIC_MODE)
        return TargetFile(len(data), {"sha256": digest}, path)

    def _require_keys(self, roles: Sequence[str] | set[str]) -> None:
        for role in sorted(roles):
            check_threshold(role, self.root.signed, self._signers)

    def _sign(self, role: str, metadata: Any, days: int | None = None) -> None:
        metadata.signed.expires = expiry_of(role, days)
        version = max([0, *self._versions(role)]) + 1
        sign_and_write(self._metadata, metadata, self._signers, [self.root.signed], version)

    def _versions(self, role: str) -> list[int]:
        """Versions of a role's metadata that are on the disk, in order."""
        if role == "timestamp":
            path = self._metadata / "timestamp.json"
            return [read_metadata(path).signed.version] if path.exists() else []
        return sorted(int(path.name.partition(".")[0]) for path in self._metadata.glob(f"*.{role}.json"))

    def _load(self, role: str, version: int) -> Any:
        return read_metadata(self._metadata / ("timestamp.json" if role == "timestamp" else f"{version}.{role}.json"))

    def _load_current(self, role: str) -> Any:
        """The newest metadata of a role that devices see; an empty one before the first."""
        from tuf.api.metadata import Metadata, Snapshot, Targets, Timestamp

        if role == "root":
            return self.root
        if not (self._metadata / "timestamp.json").exists():
            return Metadata({"targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp}[role](version=1))
        timestamp = self._load("timestamp", 0)
        if role == "timestamp":
            return timestamp
        snapshot = self._load("snapshot", timestamp.signed.snapshot_meta.version)
        return snapshot if role == "snapshot" else self._load("targets", snapshot.signed.meta["targets.json"].version)
