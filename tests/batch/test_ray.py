import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.batch.conftest import GOLDEN, in_process, rows_of
from tests.support.deliveries import free_port
from tests.support.golden import tinyland

from lpr_batch.app.read_archive import read_archive
from lpr_batch.base.settings import BatchSettings

pytest.importorskip("ray", reason="needs Ray: pip install 'lpr[batch]'")
pytestmark = pytest.mark.slow

MODELS = ["--detector", str(GOLDEN / "detector.int8.tflite"), "--reader", str(GOLDEN / "reader.int8.tflite")]
PATIENCE_S = 600


def command(source: Path, out: Path, *flags: str) -> list[str]:
    """The command with the golden networks and small blocks."""
    words = [sys.executable, "-m", "lpr_batch", str(source), "--out", str(out), "--block", "4", *MODELS]
    return [*words, "--min-confidence", "0", *flags]


def read(source: Path, out: Path, *flags: str) -> dict[str, Any]:
    """Run it to its end; the counts."""
    done = subprocess.run(command(source, out, *flags), capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


@contextmanager
def begun(source: Path, out: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command, and wait until it has written a part."""
    process = subprocess.Popen(command(source, out, *flags), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + PATIENCE_S
        while not list(out.glob("part-*.parquet")):
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() < end
            time.sleep(0.02)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 streets in a folder, two of them broken."""
    folder = tmp_path_factory.mktemp("many")
    rng = np.random.default_rng(1)
    image = tinyland.draw_scene(("A104",), np.random.default_rng(6)).image_bgr
    for number in range(60):
        shift = (int(rng.integers(-3, 4)), int(rng.integers(-3, 4)))
        cv2.imwrite(str(folder / f"{number:03}.png"), np.roll(image, shift, (0, 1)))
    for number in (20, 47):
        (folder / f"{number:03}.png").write_bytes(b"\x89PNG rubbish")
    return folder


@pytest.fixture(scope="module")
def whole(many: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The rows of a run without Ray and without a stop."""
    out = tmp_path_factory.mktemp("whole") / "out"
    detector, reader = (GOLDEN / f"{name}.int8.tflite" for name in ("detector", "reader"))
    settings = BatchSettings(min_confidence=0.0, detector=detector, reader=reader)
    counts = read_archive(str(many), str(out), settings, in_process())
    assert (counts["pictures"], counts["errors"], counts["unfinished"]) == (60, 2, 0)
    return rows_of(out)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of two nodes with a core each, on this machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args={**node(), "include_dashboard": False})
        try:
            cluster.add_node(**node())
            cluster.wait_for_nodes(PATIENCE_S)
            yield cluster
        finally:
            cluster.shutdown()


def node() -> dict[str, int]:
    """A node's settings; where its ports are given, it doesn't wait for the processes that choose them."""
    names = ("metrics_agent_port", "metrics_export_port", "runtime_env_agent_port", "dashboard_agent_listen_port")
    return {"num_cpus": 1, "object_store_memory": 100 << 20, **{name: free_port() for name in names}}


def rows_of_file(path: Path) -> list[dict[str, Any]]:
    """Rows of one part."""
    from pyarrow import parquet

    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def test_two_nodes_read_one_archive(many: Path, tmp_path: Path, whole: list[dict[str, Any]], cluster: Any) -> None:
    """Both nodes of a cluster read, and their rows are those of one process."""
    counts = read(many, tmp_path / "out", "--address", cluster.address)
    assert (counts["machines"], counts["unfinished"]) == (2, 0)
    assert rows_of(tmp_path / "out") == whole


def test_killed_half_way_it_goes_on(many: Path, tmp_path: Path, whole: list[dict[str, Any]], cluster: Any) -> None:
    """SIGKILL loses only the blocks at hand: parts that were there stay as they are, and all rows are the same."""
    out = tmp_path / "out"
    with begun(many, out, "--address", cluster.address) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = {path: path.stat().st_mtime_ns for path in out.glob("part-*.parquet")}
    finished = sum(len({row["source"] for row in rows_of_file(path)}) for path in before)
    assert 0 < finished < 60
    counts = read(many, out, "--address", cluster.address)
    assert (counts["finished_before"], counts["pictures"]) == (finished, 60 - finished)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert rows_of(out) == whole


def test_a_node_is_lost(many: Path, tmp_path: Path, whole: list[dict[str, Any]], cluster: Any) -> None:
    """The other node reads its pictures, too: nothing is missing, and nothing is there twice."""
    with begun(many, tmp_path / "out", "--address", cluster.address) as process:
        cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
        printed, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err.decode()
    assert json.loads(printed)["unfinished"] == 0
    assert rows_of(tmp_path / "out") == whole


def test_sigterm_stops_it_in_order(many: Path, tmp_path: Path) -> None:
    """On one machine alone: it says how to go on, and the status is 130."""
    with begun(many, tmp_path / "out", "--workers", "1") as process:
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert b"lpr-batch: stopped: run the same command again to go on" in err
    assert b"Traceback" not in err


def test_no_cluster(many: Path, tmp_path: Path) -> None:
    """An address where no cluster is gives one line."""
    environment = os.environ | {"RAY_gcs_rpc_server_connect_timeout_s": "1", "RAY_NUM_REDIS_GET_RETRIES": "1"}
    words = command(many, tmp_path / "out", "--address", "127.0.0.1:9")
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE_S, env=environment)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("lpr-batch: no Ray session (")
