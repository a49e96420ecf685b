"""Keys, thresholds, rotation and targets of a repository of models."""

import shutil
from pathlib import Path

import pytest
from tests.support.model_repository import Served, serving_repository
from tests.support.urls import models_url

from lpr_edge.updates.release import Channels
from lpr_edge.updates.repository import ModelRepository
from lpr_export.base.errors import ExportError
from lpr_export.repository.keys import load_keys
from lpr_export.repository.signed_metadata import ROLES
from lpr_export.repository.tuf_repository import KeyCount, TufRepository

pytest.importorskip("tuf", reason="needs pip install 'lpr[update]'")


@pytest.fixture
def repository(tmp_path: Path) -> TufRepository:
    return TufRepository.create(tmp_path / "repository", tmp_path / "keys", {"root": KeyCount(2, 3)})


def channels_of(folder: Path, root: Path, scratch: Path) -> Channels:
    """What a device reads that trusts a root."""
    scratch.mkdir(exist_ok=True)
    with serving_repository(Served(folder)) as url:
        return ModelRepository(models_url(url), root, scratch).fetch_channels(scratch)


@pytest.mark.parametrize("role", ROLES)
def test_rotated_keys_are_followed(role: str, repository: TufRepository, tmp_path: Path) -> None:
    """A device that trusts the first root follows new keys of any role; the old ones hold no longer."""
    root = tmp_path / "1.root.json"
    shutil.copy(repository.folder / "metadata" / "1.root.json", root)
    old = repository.rotate(role, tmp_path / "new")
    release = Channels({1: ("reader.int8.tflite",)}, stable=1)
    repository.publish({}, release)
    assert channels_of(repository.folder, root, tmp_path / "device") == release
    again = TufRepository(repository.folder, [tmp_path / "keys", tmp_path / "new"])
    assert not set(old) & set(again.root.signed.roles[role].keyids)


def test_missing_keys(repository: TufRepository, tmp_path: Path) -> None:
    """Without enough keys nothing is published, and the message names those that are missing."""
    online = tmp_path / "online"
    online.mkdir()
    for path in (tmp_path / "keys").iterdir():
        if path.name.startswith(("snapshot", "timestamp")):
            shutil.copy(path, online)
    poor = TufRepository(repository.folder, [online])
    before = {path.name: path.read_bytes() for path in (repository.folder / "metadata").iterdir()}
    with pytest.raises(ExportError, match="targets needs 1 keys and has 0 here: add with --keys the folder of"):
        poor.publish({}, Channels())
    with pytest.raises(ExportError, match="root needs 2 keys"):
        poor.rotate("timestamp", online)
    assert {path.name: path.read_bytes() for path in (repository.folder / "metadata").iterdir()} == before
    poor.refresh(days=3)
    assert poor.facts()["timestamp"]["version"] == 2


def test_no_target_is_overwritten(repository: TufRepository, tmp_path: Path) -> None:
    """A target that is published stays as it is."""
    model = tmp_path / "reader.int8.tflite"
    model.write_bytes(b"one")
    repository.publish({"releases/1/reader.int8.tflite": model}, Channels())
    model.write_bytes(b"two")
    with pytest.raises(ExportError, match="no target is ever overwritten"):
        repository.publish({"releases/1/reader.int8.tflite": model}, Channels())
    (stored,) = (repository.folder / "targets" / "releases" / "1").iterdir()
    assert stored.read_bytes() == b"one"
    with pytest.raises(ExportError, match="is a repository already"):
        TufRepository.create(repository.folder, tmp_path / "others", {})


def test_key_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key files are for their user alone, and encrypted where there is a password; without it they can't be read."""
    monkeypatch.setenv("LPR_KEY_PASSWORD", "a long sentence")
    TufRepository.create(tmp_path / "repository", tmp_path / "keys", {})
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert len(load_keys([tmp_path / "keys"])) == len(ROLES)
    monkeypatch.delenv("LPR_KEY_PASSWORD")
    with pytest.raises(ExportError, match="set LPR_KEY_PASSWORD if it is encrypted"):
        load_keys([tmp_path / "keys"])
    with pytest.raises(ExportError, match="no key in"):
        load_keys([tmp_path])
