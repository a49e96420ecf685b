from pathlib import Path

import pytest

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.data.splits import SeenPictures, read_seen
from lpr_edge.contract.run.folder import SEEN

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def test_a_record_comes_back(tmp_path: Path) -> None:
    """From the folder, or from a file in it; known pictures are found by the whole hash."""
    seen = SeenPictures.of([B, A])
    (tmp_path / SEEN).write_text(seen.to_json(), encoding="utf-8")
    (tmp_path / "model.keras").touch()
    assert read_seen(tmp_path) == read_seen(tmp_path / "model.keras") == seen
    assert [seen.has(digest) for digest in (A, B, C)] == [True, True, False]
    assert seen.unseen([A, C, B], str) == [C]
    assert SeenPictures.of([A, B]).to_json() == seen.to_json()


def test_records_add_up() -> None:
    """A run has seen its own pictures and those of the weights before it; what is unknown stays unknown."""
    both = SeenPictures.of([A]).and_also(SeenPictures.of([B]))
    assert both == SeenPictures.of([A, B])
    assert not both.and_also(SeenPictures(is_complete=False)).is_complete


@pytest.mark.parametrize(
    ("card", "is_complete"),
    [
        ('{"training": {"data": "", "init": ""}}', True),
        ('{"training": {"data": "data", "init": ""}}', False),
        ('{"training": {"data": "", "init": "other"}}', False),
        ("{}", False),
        (None, False),
    ],
)
def test_without_a_record_the_card_decides(tmp_path: Path, card: str | None, is_complete: bool) -> None:
    """A run of rendered pictures alone has seen none; of others nobody knows."""
    if card:
        (tmp_path / "model.json").write_text(card, encoding="utf-8")
    assert read_seen(tmp_path) == SeenPictures(is_complete=is_complete)


@pytest.mark.parametrize("text", ["", "[]", '{"complete": true}', '{"sha256": 5, "complete": true}'])
def test_a_damaged_record_is_told(tmp_path: Path, text: str) -> None:
    """It isn't taken for an empty one: figures would flatter."""
    (tmp_path / SEEN).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"seen\.json is damaged"):
        read_seen(tmp_path)


@pytest.mark.parametrize("name", ["detector", "reader", "characters"])
def test_shipped_runs_tell_what_they_have_seen(repository: Path, name: str) -> None:
    """The weights that lpr carries can be fine-tuned without flattering figures."""
    seen = read_seen(repository / "export" / "lpr_export" / "models" / name)
    assert seen.is_complete
    assert len(seen.hashes) >= 300
