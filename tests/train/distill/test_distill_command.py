"""`lpr-train distill` as a user runs it, on rendered plates, in a process of its own: Keras has one backend in each."""

import csv
import json
import os
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

import pytest

SETTINGS = """
real_share = 0.0
epochs = 2
steps_per_epoch = 3
batch_size = 4
teacher_width = 8
workers = 2
representative = 4
heldout = 4
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `lpr-train distill` with JAX on the processor, compiled fast rather than well."""
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    command = [sys.executable, "-m", "lpr_train", "distill", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=900)


@pytest.mark.slow
def test_a_distillation_writes_both_runs(tmp_path: Path) -> None:
    """The reader's run folder and the teacher's can be exported; the history has both losses."""
    pytest.importorskip("jax", reason="needs JAX: pip install lpr[jax]")
    (tmp_path / "short.toml").write_text(SETTINGS)
    with as_file(files("lpr_edge") / "models" / "reader.int8.tflite") as reader:
        done = run("--config", str(tmp_path / "short.toml"), "--align", str(reader), "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert "epoch 2: loss" in done.stdout
    assert "lpr-export --int8" in done.stdout
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").read_text().splitlines()))
    assert len(rows) == 2
    assert all(float(row["loss"]) > 0 and float(row["teacher_loss"]) > 0 for row in rows)
    for folder in (tmp_path / "run", tmp_path / "run" / "teacher"):
        card = json.loads((folder / "model.json").read_text())
        assert card["kind"] == "reader"
        assert card["training"]["teacher_width"] == 8
        assert (folder / "model.keras").is_file()
        assert (folder / "heldout.npz").is_file()


def test_a_distillation_needs_a_reader_to_align_by(tmp_path: Path) -> None:
    """The message names the flag, before anything slow is loaded."""
    done = run("--out", str(tmp_path / "run"))
    assert done.returncode == 1
    assert "--align" in done.stderr
    assert not (tmp_path / "run").exists()
