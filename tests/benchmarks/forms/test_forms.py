"""Labelled registrations by the grammar's forms."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_bench.app.cli import main


def write_labels(folder: Path) -> Path:
    """Five plates in one photograph: allowed, bilingual, refused, partly legible and foreign."""
    (folder / "plates" / "images").mkdir(parents=True)
    cv2.imwrite(str(folder / "plates" / "images" / "a.png"), np.zeros((200, 300, 3), np.uint8))
    quad = [[10, 10], [110, 10], [110, 60], [10, 60]]
    texts = [
        (["बा७९प", "५००७"], "full", "devanagari"),
        (["ग१य९७१", "GA1YA971"], "full", "both"),
        (["पप"], "full", "devanagari"),
        (["बा?प", "५००७"], "partial", "devanagari"),
        (["BR30U7969"], "full", "foreign"),
    ]
    plates = [{"quad": quad, "rows": rows, "legible": legible, "kind": kind} for rows, legible, kind in texts]
    line = {"image": "a.png", "width": 300, "height": 200, "split": "train", "source": "made", "plates": plates}
    (folder / "plates" / "labels.jsonl").write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder


def test_refused_plates_are_counted_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the fully legible plates of the country, one form has two, and the third is named with its photograph."""
    data, out = write_labels(tmp_path / "data"), tmp_path / "forms.json"
    assert main(["forms", "--data", str(data), "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "2/3" in printed
    assert "a.png: पप" in printed
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record == {"plates": 3, "forms": {"zonal": 2}, "refused": [{"image": "a.png", "rows": ["पप"]}]}


def test_a_split_without_legible_plates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to count is said, not an empty table."""
    assert main(["forms", "--data", str(write_labels(tmp_path)), "--split", "test"]) == 0
    assert "No fully legible plate" in capsys.readouterr().out
