import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr_bench.accuracy.robustness import (
    KINDS,
    PLATES,
    KindOutcome,
    RenderedFrame,
    format_kinds,
    make_frames,
    summarize_kinds,
    turn,
)
from lpr_bench.app.cli import main
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.geometry import is_convex, quad_iou, rectify, signed_area

NEPAL = load_country("nepal")


@pytest.mark.parametrize("kind", KINDS)
def test_corners_follow_the_frame(kind: str) -> None:
    """Whatever is done to a frame, corners stay clockwise and in it, and plates don't hide each other."""
    for frame in make_frames(NEPAL, kind, 2):
        height, width = frame.image_bgr.shape[:2]
        quads = [quad for quad, _ in frame.plates]
        assert len(quads) == KINDS[kind][0]
        for i, quad in enumerate(quads):
            assert is_convex(quad)
            assert signed_area(quad) > 0
            assert ((quad >= 0) & (quad <= (width, height))).all()
            assert all(quad_iou(quad, other) == 0 for other in quads[:i])


@pytest.mark.parametrize(("quarters", "size_hw"), [(1, (320, 240)), (2, (240, 320)), (3, (320, 240))])
def test_turned_plates_start_at_their_own_top_left(quarters: int, size_hw: tuple[int, int]) -> None:
    """However a frame is turned, the plate that is cut out at its corners is the same, upright."""
    blocks = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    image = np.asarray(cv2.resize(blocks, (320, 240), interpolation=cv2.INTER_CUBIC), np.uint8)
    quad = np.array([[60, 50], [200, 60], [190, 150], [50, 140]], np.float32)
    turned = turn(RenderedFrame(image, ((quad, "A"),)), quarters)
    assert turned.image_bgr.shape[:2] == size_hw
    before, after = rectify(image, quad, (60, 120)), rectify(turned.image_bgr, turned.plates[0][0], (60, 120))
    assert np.abs(before.astype(int) - after).mean() < 8  # a pixel of a soft picture; the wrong way up it is 60


def test_the_same_seed_paints_the_same_frames() -> None:
    """Two measurements see the same pictures; another seed others; a mirrored plate has no text to read."""
    a, b, c = (next(make_frames(NEPAL, "mirrored, not to be read", 1, seed)) for seed in (0, 0, 1))
    assert np.array_equal(a.image_bgr, b.image_bgr)
    assert not np.array_equal(a.image_bgr, c.image_bgr)
    assert [text for _, text in a.plates] == [""]


def test_table_and_result() -> None:
    """Plates that can't be read have no share of exact readings, and inventions are counted."""
    outcome = KindOutcome("mirrored", 30, 29, 0, 0, 2, 30)
    assert format_kinds([outcome]).splitlines()[1].split()[-2:] == ["–", "2"]
    assert summarize_kinds([outcome])["mirrored"]["exact_match"]["value"] is None


def test_rendered_needs_no_data(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command paints the model's own country's plates and writes every kind."""
    golden = repository / "tests" / "support" / "golden"
    models = ["--detector", str(golden / "detector.int8.tflite"), "--reader", str(golden / "reader.int8.tflite")]
    monkeypatch.setattr("lpr_bench.accuracy.robustness.FRAMES", 1)
    path = tmp_path / "r.json"
    assert main(["accuracy", "--rendered", "--json", str(path), *models]) == 0
    assert "several vehicles" in capsys.readouterr().out
    kinds = json.loads(path.read_text(encoding="utf-8"))["kinds"]
    assert set(kinds) == set(KINDS)
    assert kinds["several vehicles"]["found"]["count"] == PLATES * kinds["several vehicles"]["frames"]


def test_data_and_rendered_exclude_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is one or the other: a figure that mixed them would mean nothing."""
    with pytest.raises(SystemExit) as stopped:
        main(["accuracy", "--rendered", "--data", str(tmp_path)])
    assert stopped.value.code == 2
    assert "not allowed with" in capsys.readouterr().err
