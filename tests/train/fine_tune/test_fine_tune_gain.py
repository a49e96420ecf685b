"""The experiment that measures what a fine-tuning gains on a new source."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support import fine_tune_gain
from tests.support.collected_gain import lines_of

from lpr_train.fine_tune.fine_tune import RESULT

QUAD = [[10, 10], [70, 10], [70, 40], [10, 40]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A photograph of each of three sources and splits."""
    images = tmp_path / "data" / "plates" / "images"
    images.mkdir(parents=True)
    lines = []
    for source in ("hamro", "street", "road"):
        for split in ("train", "test"):
            name = f"{source}-{split}.png"
            cv2.imwrite(str(images / name), np.zeros((60, 90, 3), np.uint8))
            plates = [{"quad": QUAD, "rows": ["बा१प", "१२३४"]}]
            lines.append(json.dumps({"image": name, "split": split, "source": source, "plates": plates}))
    (images.parent / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "data"


def test_the_record_is_of_the_users_command(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults of lpr-train fine-tune; sources that are neither new nor known are left out; its status is kept."""
    typed: list[list[str]] = []

    def lpr_train(words: list[str]) -> int:
        typed.append(words)
        out = Path(words[words.index("--out") + 1])
        out.mkdir()
        (out / RESULT).write_text('{"changes": [], "minutes": 3.0}', encoding="utf-8")
        return 1

    monkeypatch.setattr(fine_tune_gain, "lpr_train", lpr_train)
    folder, found = tmp_path / "made", tmp_path / "found.json"
    flags = ["--data", str(data), "--from", "start", "--folder", str(folder), "--json", str(found)]
    assert fine_tune_gain.main(flags) == 1
    parts = ["--data", str(folder / "new"), "--also", str(folder / "known")]
    assert typed == [["fine-tune", "reader", *parts, "--from", "start", "--out", str(folder / "run")]]
    images = {name: [line["image"] for line in lines_of(folder / name)] for name in ("new", "known")}
    assert images == {
        "new": ["0_hamro-train.png", "0_hamro-test.png"],
        "known": ["0_street-train.png", "0_street-test.png"],
    }
    record = json.loads(found.read_text(encoding="utf-8"))
    assert (record["minutes"], record["cpu_minutes"] >= 0) == (3.0, True)
