import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpr_bench.parity import parity, run_parity
from lpr_bench.parity.run_parity import compare_runtimes, format_parity, is_within
from lpr_bench.system.validity import is_valid, why_invalid
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.manifest import read_manifest


@pytest.fixture
def classifier(repository: Path) -> Path:
    return repository / "tests" / "support" / "golden" / "characters.int8.tflite"


@pytest.fixture
def reference(classifier: Path) -> parity.Reference:
    """Two painted crops, and the inputs that another machine made of them: one byte of the second is 2 higher there."""
    crops = [np.full((50, 40, 3), grey, np.uint8) for grey in (30, 200)]
    kept = parity.Reference([], [], crops, ["0", "1"])
    kept.pixels["classifier"] = parity.prepare_all(read_manifest(classifier), kept)
    kept.pixels["classifier"][1][0, 3, 4, 0] += 2
    return kept


def record_of(**runtimes: int) -> dict[str, Any]:
    """A record of runtimes and the most steps that their integers are off."""
    ran = [{"runtime": name, "integers": [{"most_steps": steps}]} for name, steps in runtimes.items()]
    return {"runtimes": ran}


def test_other_inputs_are_told(classifier: Path, reference: parity.Reference) -> None:
    """Where a machine makes other bytes of a picture, that shows apart from what its networks make of bytes."""
    found = parity.compare_inputs(read_manifest(classifier), reference)
    assert (found["pictures"], found["integers"] - found["equal"], found["more"], found["most_steps"]) == (2, 1, 1, 2)


def test_nothing_to_compare_is_no_error(repository: Path, reference: parity.Reference) -> None:
    """A reference whose detector found no plate has no reader's inputs, and says so by a count of none."""
    reader = repository / "tests" / "support" / "golden" / "reader.int8.tflite"
    found = parity.compare_inputs(read_manifest(reader), reference)
    assert (found["pictures"], found["integers"], found["most_steps"]) == (0, 0, 0)


def test_only_judged_runtimes_count() -> None:
    """An old runtime that rounds otherwise is told, and fails only where it is judged; nothing judged is a failure."""
    record = record_of(litert=1, tflite=17)
    assert is_within(record, ["litert"])
    assert not is_within(record, ["litert", "tflite"])
    assert not is_within(record, ["onnxruntime"])


def test_litert_without_its_kernels_is_invalid(
    classifier: Path, reference: parity.Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteRT that silently computes without XNNPACK makes a result invalid, which says what it lacks."""
    monkeypatch.setattr(run_parity, "uses_xnnpack", lambda _path, _name: False)
    record = compare_runtimes(["litert"], {".tflite": {"classifier": classifier}}, reference, None)
    assert not is_valid(record)
    assert "/sys/devices/system/cpu" in why_invalid(record)
    assert "classifier's input" in format_parity(record)


def test_a_reference_of_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    """A small archive that unpacks to more than memory has is no reference."""
    path = tmp_path / "reference.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members, members.open("hashes.npy", "w") as member:
        for _ in range(65):
            member.write(bytes(16 << 20))
    with pytest.raises(LprError, match="is no reference of lpr-bench parity") as refused:
        parity.load_reference(path, {})
    assert "unpacks to" in str(refused.value.__cause__)
