import json
from pathlib import Path

import numpy as np
import pytest

from lpr_bench.latency.frame_times import STEPS, format_profile, profile_frames
from lpr_bench.roofline.known_networks import BOARDS, Board, PublishedLatency
from lpr_bench.roofline.network_costs import multiply_adds, network_cost
from lpr_bench.roofline.peaks import FILES
from lpr_bench.roofline.projection import check_projection, project, worst_factor
from lpr_bench.roofline.roofline import Job, LimitTimes, in_turns
from lpr_bench.roofline.targets import check_criteria
from lpr_bench.system.devices import open_plate_reader
from lpr_edge.contract.geometry import rectify


@pytest.mark.parametrize(("precision", "size"), [("int8", 1), ("float32", 4)])
def test_multiplications_are_counted(precision: str, size: int) -> None:
    """The file of three matrix multiplications has as many as its shapes say, and its weights' bytes."""
    cost = network_cost(FILES[precision])
    assert cost.multiply_adds == 3 * 32 * 32 * 128 * 128
    assert cost.bytes_moved >= 3 * (2 * 32 * 32 * 128 + 128 * 128) * size
    assert 128 * 128 * 3 * size <= cost.weight_bytes < 128 * 128 * 3 * size + 10_000


def test_shipped_networks_cost_what_the_documentation_says(repository: Path) -> None:
    """The documentation's column of multiply-adds is what the files hold."""
    page = (repository / "docs/training.md").read_text(encoding="utf-8")
    for name in ("detector", "reader", "characters"):
        found = network_cost(repository / "edge" / "lpr_edge" / "models" / f"{name}.int8.tflite").multiply_adds / 1e6
        row = next(line for line in page.splitlines() if line.startswith(f"| {name} |"))
        assert f"| {found:.1f} M |" in row


def test_depthwise_and_dense_layers() -> None:
    """Weights' layouts differ from operator to operator, and each is counted by its own."""
    tensors = {0: (1, 8, 8, 16), 1: (1, 3, 3, 16), 2: (1, 8, 8, 16), 3: (10, 64), 4: (1, 10), 5: (1, 64)}
    shaped = {index: {"shape": np.array(shape)} for index, shape in tensors.items()}
    assert multiply_adds({"op_name": "DEPTHWISE_CONV_2D", "inputs": [0, 1], "outputs": [2]}, shaped) == 8 * 8 * 16 * 9
    assert multiply_adds({"op_name": "FULLY_CONNECTED", "inputs": [5, 3], "outputs": [4]}, shaped) == 640
    assert multiply_adds({"op_name": "SOFTMAX", "inputs": [4], "outputs": [4]}, shaped) == 0


def test_every_job_runs_once_a_round() -> None:
    """Jobs take turns, each as often as the others, warmed up before."""
    ran: list[str] = []
    jobs = [Job("a", lambda: ran.append("a")), Job("b", lambda: ran.append("b"), repeats=2)]
    times = in_turns(jobs, 5)
    assert {name: len(values) for name, values in times.items()} == {"a": 5, "b": 5}
    assert (ran[6:].count("a"), ran[6:].count("b")) == (5, 10)


def test_steps_are_timed_in_place_and_put_back(repository: Path) -> None:
    """A frame's steps add up to less than the whole, networks are among them, and the device is as before."""
    golden = repository / "tests" / "support" / "golden"
    device = open_plate_reader(golden / "detector.int8.tflite", golden / "reader.int8.tflite", "litert", 1)
    profile = profile_frames(device, [np.full((96, 128, 3), 90, np.uint8)] * 3)
    steps = profile["steps_ms"]
    assert steps["network"] > 0
    assert sum(ms for step, ms in steps.items() if step in STEPS) <= steps["whole"] * 1.5
    assert 0 < profile["outside_networks"] < 1
    line = format_profile(profile)
    assert line.startswith(f"{profile['outside_networks']:.0%} of a frame")
    assert all(f"{step} " in line for step in STEPS if step != "network")
    assert not hasattr(rectify, "__wrapped__")
    assert not hasattr(type(device.detector.model._engine).run, "__wrapped__")


def test_bars() -> None:
    """A bar is reached or missed by its figure, and not measured where there is none."""
    times = LimitTimes(
        {"frame": [2.0] * 50, "frames in a row": [2.0] * 50, "published": [30.0] * 50}, {"outside_networks": 0.2}
    )
    verdicts = {bar["bar"]: bar["reached"] for bar in check_criteria(times, {"peak_memory_mb": {"one picture": 150.0}})}
    assert [verdicts[name] for name in sorted(verdicts)] == [True, True, True, None, False]


def test_projection_is_from_multiply_adds() -> None:
    """A network of twice the multiply-adds takes twice as long; the range holds the middle."""
    networks = [
        {"file": "a", "multiply_adds": 1e8, "share_of_peak": 0.2},
        {"file": "b", "multiply_adds": 2e8, "share_of_peak": 0.1},
    ]
    board = Board("Board", "made up", (PublishedLatency("ResNet-18", 181.0),))
    a, b = project(networks, [board, *BOARDS])[:2]
    assert (round(a.ms, 6), round(b.ms, 6)) == (10.0, 20.0)
    assert a.low_ms < a.ms < a.high_ms
    assert b.high_ms / b.ms == pytest.approx(2 * a.high_ms / a.ms)


def test_projection_states_its_error() -> None:
    """Every published network is projected from the others of its board, and the worst error is known."""
    checks = check_projection()
    assert {check.board for check in checks} == {board.name for board in BOARDS if len(board.known) > 1}
    assert all(0.5 < check.factor < 2 for check in checks)
    alone = next(board.name for board in BOARDS if len(board.known) == 1)
    assert worst_factor(alone, checks) == max(worst_factor(check.board, checks) for check in checks)


def test_profile_is_plain_json(repository: Path) -> None:
    """What a profile says can be written to a result file."""
    golden = repository / "tests" / "support" / "golden"
    device = open_plate_reader(golden / "detector.int8.tflite", golden / "reader.int8.tflite", "litert", 1)
    assert json.loads(json.dumps(profile_frames(device, [np.zeros((96, 128, 3), np.uint8)])))
