"""`lpr-export verify` on finished files."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.golden_subjects import proved
from tests.support.rewriting import rewrite

from lpr_edge.contract.manifest import read_manifest
from lpr_edge.contract.run.samples import Samples, read_samples, write_samples
from lpr_export.app.cli import main

MISSING = ("tensorflow", "keras", "onnx", "tf2onnx", "onnxruntime", "tqdm", "jinja2", "matplotlib", "rich", "h5py")


def verify(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    status = main(["verify", str(path), *more])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.mark.parametrize("name", ["characters", "reader"])
def test_good_file(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is as it was proved: exit 0, its twin is compared too, and outputs are the same to the bit."""
    status, out, _ = verify(proved(name, tmp_path), capsys)
    assert status == 0
    assert "0 answers changed; outputs to the bit on 12 of 12" in out
    assert f"integers of {name}.int8.onnx in onnxruntime and {name}.int8.tflite in litert: the same" in out
    assert out.splitlines()[-1] == f"{name}.int8.tflite: as it was proved"


def test_swapped_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file whose labels were swapped since answers otherwise than when it was proved: exit 1."""
    path = proved("characters", tmp_path)
    rewrite(path, path, labels=read_manifest(path).labels[::-1])
    status, out, err = verify(path, capsys)
    assert status == 1
    assert "answers 12 pictures otherwise than when it was proved" in err
    assert "loses 100.00 points of accuracy against float" in err
    assert out.splitlines()[-1] == "characters.int8.tflite: not as it was proved"


def test_twin_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A twin that answers otherwise is a fault of the pair, although the file itself is as it was proved."""
    path = proved("characters", tmp_path)
    twin = path.with_suffix(".onnx")
    rewrite(twin, twin, labels=read_manifest(twin).labels[::-1])
    status, _, err = verify(path, capsys)
    assert status == 1
    assert "characters.int8.onnx in onnxruntime answers 12 pictures otherwise than when it was proved" in err
    assert "characters.int8.tflite in" not in err


def test_moved_threshold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that answers as it did, and lets far fewer peaks pass its threshold than float did: exit 1."""
    path = proved("reader", tmp_path)
    (proof,) = read_manifest(path).proofs
    passed = proof["passed"]
    rewrite(path, path, proofs=({**proof, "passed": 2 * passed},))
    status, out, err = verify(path, capsys)
    assert status == 1
    assert f"reader.int8.tflite in litert scores otherwise than float: {passed} pass the threshold peak" in err
    assert "0 answers changed" in out


def test_other_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pictures that the file wasn't proved on prove nothing: they are refused."""
    path = proved("characters", tmp_path)
    beside = tmp_path / f"{read_manifest(path).name}.heldout.npz"
    samples = read_samples(beside)
    write_samples(beside, Samples(samples.pictures[:5], "rendered", ("0",) * 5, ("0",) * 5))
    status, _, err = verify(path, capsys)
    assert status == 1
    assert "was evaluated on rendered (held out), and there is no " in err


def test_file_without_a_proof(golden_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An older file says that it contains no evaluation record."""
    status, _, err = verify(golden_folder / "reader.int8.tflite", capsys)
    assert (status, err.count("\n")) == (1, 1)
    assert "contains no evaluation record: it was made by an older lpr-export" in err


@pytest.fixture
def golden_folder(repository: Path) -> Path:
    return repository / "tests/support/golden"


def test_unreadable_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A proof of another shape is one clear line."""
    path = proved("characters", tmp_path)
    rewrite(path, path, proofs=({"data": "rendered"},))
    status, _, err = verify(path, capsys)
    assert (status, "evaluation record can't be read" in err, err.count("\n")) == (1, True, 1)


def test_texts_are_not_kept(tmp_path: Path) -> None:
    """What plates say stands nowhere in the proof, as they can be somebody's."""
    path = proved("reader", tmp_path)
    (proof,) = read_manifest(path).proofs
    assert all(len(answer) == 6 for answer in proof["answers"])
    assert set(proof["metrics"]) == {"exact_match", "cer"}


def test_needs_the_device_part_alone(tmp_path: Path) -> None:
    """Verifying imports nothing that only training or export installs, nor a progress bar."""
    path = proved("characters", tmp_path)
    (tmp_path / "characters.int8.onnx").unlink()
    code = f"""
import importlib.abc, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {MISSING}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from lpr_export.app.cli import main
sys.exit(main(["verify", {str(path)!r}]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("as it was proved\n")
