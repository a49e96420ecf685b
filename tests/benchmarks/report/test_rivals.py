import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.support.golden import tinyland

from lpr_bench.report.report_rivals import rivals_section
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import country_from_dict
from lpr_edge.contract.manifest import read_manifest
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_train.render.plate.plates import PlateRenderer
from rivals import fast_plate, nano, reading, run, speed
from rivals.alphabet import FIRST, PAD, Alphabet, alphabet_of
from rivals.commands import installed
from rivals.onnx_costs import onnx_cost
from rivals.plates import Answers, format_scores, score
from rivals.racing import Runner, race
from rivals.training import Pace, cores, pace_of
from rivals.training_set import repeats_for, write_csv, write_training_set

GOLDEN = Path(tinyland.__file__).parent
CORE = min(os.sched_getaffinity(0))
ROWS = ["बा७९प", "५००७"]


@pytest.fixture(scope="module")
def alphabet() -> Alphabet:
    return alphabet_of()


def test_labels_of_several_code_points_are_one_sign(alphabet: Alphabet) -> None:
    """What fast-plate-ocr is taught comes back as the same labels, बा and प्रदेश as one sign each, padding left out."""
    labels = ["बा", "७", "प", "प्रदेश"]
    signs_of = alphabet.encode(labels)
    assert len(signs_of) == 4
    assert all(ord(sign) >= FIRST for sign in signs_of)
    assert alphabet.decode(signs_of + 2 * PAD) == "".join(labels)
    assert len(set(alphabet.text)) == len(alphabet.labels) + 1


def test_signs_are_in_the_order_of_training_not_of_a_manifest(alphabet: Alphabet) -> None:
    """A model's manifest may tell the labels' groups in another order: what was trained is never decoded by it."""
    told = read_manifest(shipped_model("reader")).country
    assert sorted(country_from_dict(told).labels) == sorted(alphabet.labels)
    assert alphabet.labels == load_country().labels


def test_no_text_can_be_mistaken_for_a_missing_value(alphabet: Alphabet, tmp_path: Path) -> None:
    """A plate NA, which pandas would take for nothing, stands in the CSV in signs that it can't."""
    write_csv(tmp_path / "train.csv", [("a.png", alphabet.encode(["N", "A"]))])
    with (tmp_path / "train.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["image_path"] == "a.png"
    assert alphabet.decode(row["plate_text"]) == "NA"
    assert "NA" not in row["plate_text"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs that each show one painted plate of another vehicle: nine to train on, two to test on."""
    folder = tmp_path_factory.mktemp("data")
    images = folder / "plates" / "images"
    images.mkdir(parents=True)
    renderer = PlateRenderer(load_country())
    lines = []
    for number in range(11):
        rows = [ROWS[0], f"५००{chr(ord('०') + number % 10)}"]
        picture = renderer.render(np.random.default_rng(number), text=rows).image_bgr
        cv2.imwrite(str(images / f"{number}.png"), picture)
        height, width = picture.shape[:2]
        quad = [[0, 0], [width, 0], [width, height], [0, height]]
        plate = {"quad": quad, "rows": rows, "legible": "full", "kind": "devanagari", "vehicle": "car"}
        lines.append({"image": f"{number}.png", "split": "train" if number < 9 else "test", "plates": [plate]})
    (folder / "plates" / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_training_set_has_real_and_rendered_plates_and_none_of_the_test_split(
    data: Path, tmp_path: Path, alphabet: Alphabet
) -> None:
    """Each training plate stands in one CSV beside rendered ones, as signs, and is written once, in the size asked."""
    written = write_training_set(data, tmp_path, 3, (64, 128))
    train, validation = rows_of(tmp_path / "train.csv"), rows_of(tmp_path / "validation.csv")
    assert len(train) == written.rows == written.real * written.repeats + 3
    assert written.real + written.validation == 9
    assert len(validation) == written.validation > 0
    real = {alphabet.decode(row["plate_text"]) for row in (*train, *validation) if "rendered" not in row["image_path"]}
    assert real == {f"बा७९प५००{chr(ord('०') + number)}" for number in range(9)}
    assert cv2.imread(str(tmp_path / train[0]["image_path"])).shape == (64, 128, 3)
    assert written.slots >= 8
    assert write_training_set(data, tmp_path, 99, (64, 128)) == written


@pytest.mark.parametrize(
    ("share", "real", "rendered", "times"), [(0.5, 10, 100, 10), (0.55, 181, 5000, 34), (0.1, 90, 10, 1)]
)
def test_real_plates_are_repeated_to_their_share(share: float, real: int, rendered: int, times: int) -> None:
    """Real plates make up the share of an epoch that lpr's reader is shown, each at least once."""
    assert repeats_for(share, real, rendered) == times


def test_settings_of_fast_plate_ocr_are_its_own(alphabet: Alphabet, tmp_path: Path) -> None:
    """Its network's and its plates' settings are files that it reads, with as many places as the longest plate."""
    network, plate = fast_plate.write_configs(tmp_path, alphabet, 13)
    blocks = json.loads(network.read_text())["tokenizer"]["blocks"]
    assert [block["filters"] for block in blocks if block["layer"] == "Conv2D"] == [32, 32, 64, 64, 96, 96]
    settings = json.loads(plate.read_text())
    assert settings["alphabet"] == alphabet.text
    assert settings["max_plate_slots"] == 13
    assert settings["alphabet"].count(settings["pad_char"]) == 1


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of the rivals' own environment one line tells what to install."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(LprError, match=r"fast-plate-ocr isn't installed here: make rivals, or pip install -r"):
        installed("fast-plate-ocr", "train")
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(LprError, match=r"Ultralytics isn't installed here: make rivals, or pip"):
        nano.export_nano(tmp_path, 640)


def test_a_race_ends_with_its_time(tmp_path: Path) -> None:
    """Who ends in time is waited for, however long, who uses the time up is interrupted, and what both say is kept."""
    busy = "try:\n  print('on', flush=True)\n  while True: pass\nexcept KeyboardInterrupt: print('kept')"
    runners = [
        Runner("idle", [sys.executable, "-c", "import time; time.sleep(1.2); print('done')"], CORE),
        Runner("busy", [sys.executable, "-c", busy], CORE),
    ]
    finished = race(runners, 0.5, tmp_path)
    assert (finished["idle"].stopped, finished["busy"].stopped) == (False, True)
    assert finished["idle"].cpu_seconds < 0.5 <= finished["busy"].cpu_seconds
    assert finished["idle"].seconds > 1.0
    assert (tmp_path / "idle.log").read_text() == "done\n"
    assert (tmp_path / "busy.log").read_text() == "on\nkept\n"


def test_a_failed_training_is_no_result(tmp_path: Path) -> None:
    """A training that fails by itself ends the comparison, and its log is named."""
    with pytest.raises(LprError, match=r"broken failed with exit status 3: see .*broken\.log"):
        race([Runner("broken", [sys.executable, "-c", "raise SystemExit(3)"], CORE)], 60.0, tmp_path)


def test_pace_gives_whole_schedules() -> None:
    """Epochs are as many as fit with some time to spare; where none fits, the time is said to be too short."""
    assert Pace(100.0, 300.0).epochs(2100) == 6
    with pytest.raises(LprError, match=r"an epoch takes 5\.0 min here: give more --minutes"):
        Pace(100.0, 300.0).epochs(300)


def test_two_trainings_want_two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets a core that this process may use; with one alone the comparison would be none, and is refused."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 3})
    assert list(cores().values()) == [3, 5]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    with pytest.raises(LprError, match=r"want a core each, and here is one: take --parts read speed"):
        cores()


def test_pace_leaves_out_what_happens_once() -> None:
    """Starting and building count once, an epoch as often as it is longer than the short one."""
    assert pace_of(short=40.0, longer=60.0, times=5.0) == Pace(30.0, 50.0)


def test_answers_are_scored_by_signs() -> None:
    """An exact answer counts as one, spaces and strangers left out; errors are counted in signs, बा as one."""
    country = load_country()
    found = score(Answers("one", ["बा ७९प५००७", "बा७९प५००८"], 1.0), ["बा७९प५००७"] * 2, country)
    assert found["exact_match"]["successes"] == 1
    assert found["character_error_rate"] == pytest.approx(1 / 16)
    assert "texts" not in found
    assert "1/2" in format_scores([found])


def test_reading_scores_who_is_there(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without Tesseract and without a training the shipped reader is scored alone, and both are named as left out."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = reading.read_all(data, "test", tmp_path)
    assert [one["name"] for one in found["readers"]] == ["lpr, shipped, int8", "lpr, shipped, int8, without grammar"]
    assert found["readers"][0]["exact_match"]["count"] == 2
    assert found["trained"] is None
    told = capsys.readouterr().err
    assert "nothing trained yet" in told
    assert "tesseract is missing" in told
    assert len(json.loads((tmp_path / "answers.json").read_text())["truth"]) == 2


@pytest.mark.parametrize(
    ("shares", "name"), [((0.0, 0.0, 0.0), "last"), ((0.1, 0.3, 0.2), "best"), ((0.1, 0.3, 0.3), "last")]
)
def test_the_peer_is_judged_by_its_best_epoch_the_later_of_equals(
    tmp_path: Path, shares: tuple[float, ...], name: str
) -> None:
    """Where no held-out plate was read yet, the last epoch counts, not the first; a run without an epoch is named."""
    with pytest.raises(LprError, match="stopped before its first epoch ended"):
        reading.kept_network(tmp_path)
    for run_name, values in (("2026-01-01", (0.9, 0.1)), ("2026-01-02", shares)):
        (tmp_path / run_name).mkdir()
        lines = "".join(f"{epoch},{value}\n" for epoch, value in enumerate(values))
        (tmp_path / run_name / "training_log.csv").write_text("epoch,val_acc\n" + lines)
    assert reading.kept_network(tmp_path) == tmp_path / "2026-01-02" / f"{name}.keras"


def save_network(path: Path, nodes: list[Any], shape: list[int | str], weights: dict[str, list[int]], out: str) -> Path:
    """A network of `nodes` from a picture of bytes or floats to `out`."""
    kind = TensorProto.UINT8 if shape[-1] == 3 else TensorProto.FLOAT
    tensors = [
        helper.make_tensor(name, TensorProto.FLOAT, size, np.ones(int(np.prod(size))).tolist())
        for name, size in weights.items()
    ]
    graph = helper.make_graph(
        nodes,
        "little",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, None)],
        tensors,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_multiply_adds_of_a_dense_layer_with_any_batch(tmp_path: Path) -> None:
    """A batch that the file leaves open counts as one, and a matrix that an operator makes is counted as it is seen."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("Transpose", ["y"], ["t"], perm=[1, 0]),
        helper.make_node("MatMul", ["y", "t"], ["z"]),
        helper.make_node("Gemm", ["z", "b"], ["g"], transA=1),
        helper.make_node("Einsum", ["g", "e"], ["out"], equation="ij,jkl->ikl"),
    ]
    weights = {"w": [5, 7], "b": [1, 4], "e": [4, 2, 3]}
    cost = onnx_cost(save_network(tmp_path / "a.onnx", nodes, ["batch", 5], weights, "out"))
    assert cost.multiply_adds == 5 * 7 + 7 + 4 + 4 * 2 * 3
    assert cost.parameters == 35 + 4 + 24


def test_multiply_adds_of_convolutions(tmp_path: Path) -> None:
    """Groups, strides and transposed convolutions are counted by the sums that they make; bytes go in as bytes."""
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["f"], ["c"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["c", "w"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["y", "d"], ["z"], group=6, pads=[1, 1, 1, 1]),
        helper.make_node("ConvTranspose", ["z", "t"], ["out"], strides=[2, 2]),
    ]
    weights = {"w": [6, 3, 3, 3], "d": [6, 1, 3, 3], "t": [6, 2, 2, 2]}
    cost = onnx_cost(save_network(tmp_path / "b.onnx", nodes, [1, 8, 8, 3], weights, "out"))
    assert cost.multiply_adds == 6 * 4 * 4 * 27 + 6 * 4 * 4 * 9 + 6 * 4 * 4 * 2 * 4
    assert cost.parameters == 162 + 54 + 48


def test_sums_that_cannot_be_counted_are_refused(tmp_path: Path) -> None:
    """A figure that would be too small isn't given."""
    nodes = [helper.make_node("Einsum", ["x", "w"], ["out"], equation="...i,ij->...j")]
    path = save_network(tmp_path / "a.onnx", nodes, [1, 5], {"w": [5, 2]}, "out")
    with pytest.raises(ValueError, match="can't count the Einstein sum"):
        onnx_cost(path)


def test_networks_of_both_kinds_are_timed_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same network as TFLite and ONNX is timed in each one's runtime, and asks the same multiply-adds."""
    networks = [
        speed.Network(suffix, GOLDEN / f"characters.int8.{suffix}", "int8", False) for suffix in ("tflite", "onnx")
    ]
    monkeypatch.setattr(speed, "ROUNDS", 3)
    monkeypatch.setattr(speed, "run_fresh", lambda function, *args: function(*args))
    cases = speed.measure(networks)
    assert [case["runtime"] for case in cases] == ["litert", "onnxruntime"]
    assert cases[0]["multiply_adds"] == cases[1]["multiply_adds"] > 0
    assert all(len(case["raw_ms"]) == speed.PROCESSES for case in cases)
    assert "untrained" in speed.format_speed(cases)


def test_report_shows_rivals_and_strikes_out_invalid_times() -> None:
    """Accuracy stands whatever else the machine did; times of a busy machine are marked."""
    reader = score(Answers("lpr", ["बा"], 1.0), ["बा"], load_country())
    training = {"lpr-reader": {"epochs": 7, "cpu_seconds": 2040.0, "stopped": True}}
    read = {"benchmark": "rivals", "board": "b", "split": "test", "readers": [reader], "trained": training}
    case = {"name": "n", "precision": "int8", "trained": False, "runtime": "litert", "bytes": 9000, "parameters": 1}
    times = {"inference_ms": {"p50": 1.0, "p90": 2.0}, "multiply_adds": 5_000_000, "faults": []}
    busy = {"validity": {"valid": False, "invalid_because": ["others used 1 core"]}}
    timed = {"benchmark": "rivals-speed", "board": "b", "cases": [{**case, **times}], **busy}
    page = rivals_section([{**read, "training_set": {"real": 181}}, timed])
    assert "100.0%" in page
    assert "lpr-reader: 7 epochs in 34.0 min, stopped before their end" in page
    assert "n (int8, untrained)" in page
    assert "INVALID: others used 1 core" in page
    assert "p50, one thread, b (INVALID)" in page
    assert rivals_section([]) == ""


def test_a_failure_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Data that isn't there ends with one line and exit status 1."""
    assert run.main(["--data", str(tmp_path), "--parts", "read", "--work", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("rivals: no plates data in")
