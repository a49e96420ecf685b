import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lpr_edge.contract.base.errors import LprError
from lpr_train.loop.distribution import Workplace, check_batch

WORKER = """
import sys
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[1])
from conftest import HalvesTask
from lpr_train.base.config import FitConfig
from lpr_train.loop.fit import fit
from lpr_train.runs.train_run import train_run

config = FitConfig(
    steps_per_epoch=3, batch_size=8, epochs=2, learning_rate=0.05, representative=4, heldout=6, ema=0.9
)
out = Path(sys.argv[2])
task = HalvesTask(config)
fitted = []
import lpr_train.loop.fit
original = lpr_train.loop.fit.fit
lpr_train.loop.fit.fit = lambda *arguments: fitted.append(original(*arguments)) or fitted[-1]
metrics = train_run(task, out, False)
np.savez(sys.argv[3], *fitted[0].model.get_weights())
print(sorted(set(task.asked)), bool(metrics))
"""


def _set(monkeypatch: pytest.MonkeyPatch, cluster: dict[str, list[str]], kind: str, index: int) -> None:
    text = json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})
    monkeypatch.setenv("TF_CONFIG", text)


def test_a_process_alone_is_its_own_chief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TF_CONFIG nothing is shared."""
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert Workplace.from_environment() == Workplace(0, 1)
    assert Workplace().is_chief


def test_one_of_several_workers_is_the_chief(monkeypatch: pytest.MonkeyPatch) -> None:
    """The named chief, or else the first worker; the others write nothing."""
    _set(monkeypatch, {"worker": ["a:1", "b:1", "c:1"]}, "worker", 1)
    assert Workplace.from_environment() == Workplace(1, 3)
    assert not Workplace.from_environment().is_chief
    _set(monkeypatch, {"chief": ["a:1"], "worker": ["b:1"]}, "worker", 0)
    assert Workplace.from_environment() == Workplace(1, 2)
    _set(monkeypatch, {"chief": ["a:1"], "worker": ["b:1"]}, "chief", 0)
    assert Workplace.from_environment().is_chief


@pytest.mark.parametrize(
    "text", ["no json", "{}", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}']
)
def test_a_broken_tf_config_is_an_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """It isn't taken for a process alone, which would overwrite the others' run."""
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(LprError, match="names no worker for this process"):
        Workplace.from_environment()


def test_a_batch_must_be_divisible() -> None:
    """Three devices can't share eight samples evenly."""
    check_batch(9, 3)
    with pytest.raises(LprError, match="--batch-size is 8, and 3 devices share each batch: give a multiple of 3"):
        check_batch(8, 3)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.mark.slow
def test_two_workers_end_with_the_same_weights(tmp_path: Path) -> None:
    """Each makes its half of every batch, both end with one network, and the chief alone writes a run folder."""
    hosts = [f"127.0.0.1:{port}" for port in _free_ports(2)]
    script = tmp_path / "worker.py"
    script.write_text(WORKER, encoding="utf-8")
    workers = []
    for index in range(2):
        config = json.dumps({"cluster": {"worker": hosts}, "task": {"type": "worker", "index": index}})
        command = [sys.executable, str(script), str(Path(__file__).parents[1])]
        command += [str(tmp_path / f"run-{index}"), str(tmp_path / f"{index}.npz")]
        workers.append(_start(command, config))
    outputs = [worker.communicate(timeout=600) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs

    first, second = ([file[name] for name in file.files] for file in map(np.load, sorted(tmp_path.glob("*.npz"))))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    chief, other = (out.strip().splitlines()[-1] for out, _ in outputs)
    halves = [[i for i in range(48) if i % 8 // 4 == place] for place in range(2)]
    assert chief == f"{halves[0]} True"
    assert other == f"{sorted({0, *halves[1]})} False"  # 0 is drawn once for its shape
    assert (tmp_path / "run-0" / "model.keras").is_file()
    assert not (tmp_path / "run-1").exists()


def _start(command: list[str], tf_config: str) -> subprocess.Popen[str]:
    import os

    environment = os.environ | {
        "TF_CONFIG": tf_config,
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
