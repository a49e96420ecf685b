import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.golden import tinyland
from tests.support.readings import frame
from tests.support.servers import camera_that_hangs, motion_jpeg, only_once, serving

from lpr_edge import __version__
from lpr_edge.app import demo
from lpr_edge.app.cli import main, parse_arguments
from lpr_edge.app.run.loop import Loop
from lpr_edge.capture.frame import Frames, Source
from lpr_edge.delivery.sinks.json_lines import JsonLines
from lpr_edge.runtimes import shipped_models
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.wiring.frame_outputs import FrameOutputs

Run = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def models(golden: Path) -> list[str]:
    """Flags that take the golden models in place of the shipped ones."""
    return [
        *("--detector", str(golden / "detector.int8.tflite")),
        *("--reader", str(golden / "reader.int8.tflite")),
    ]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: its status, the records on stdout, and stderr."""

    def run_command(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        status = main(list(arguments))
        out, err = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err

    return run_command


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three streets with a plate each."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for name, text in (("a.png", "A104"), ("b.png", "L77"), ("c.png", "X410")):
        cv2.imwrite(str(folder / name), tinyland.draw_scene((text,), rng).image_bgr)
    return folder


def write_clip(path: Path, texts: tuple[str, ...], frames_each: int = 5) -> Path:
    """A clip in which vehicles stand for some frames each, with an empty second between them."""
    rng = np.random.default_rng(3)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5.0, (320, 240))
    for text in texts:
        image = tinyland.draw_scene((text,), rng).image_bgr
        for _ in range(frames_each):
            writer.write(image)
        for _ in range(7):
            writer.write(tinyland.draw_scene(None, rng).image_bgr)
    writer.release()
    return path


def test_pictures_become_one_record_each(run: Run, models: list[str], pictures: Path) -> None:
    """A folder gives one line a picture, by name, with what stands on its plates."""
    status, records, err = run("--source", str(pictures), *models)
    assert (status, err) == (0, "")
    assert [Path(record["source"]).name for record in records] == ["a.png", "b.png", "c.png"]
    assert [plate["text"] for record in records for plate in record["plates"]] == ["A104", "L77", "X410"]


def test_broken_pictures_do_not_stop_the_others(run: Run, models: list[str], pictures: Path) -> None:
    """Each broken picture is one record and one line; the rest is read, and the status is 1."""
    (pictures / "aa.jpg").write_bytes(b"\xff\xd8 rubbish")
    (pictures / "zz.png").write_bytes((pictures / "a.png").read_bytes()[:500])
    status, records, err = run("--source", str(pictures), *models)
    assert status == 1
    assert [Path(r["source"]).name for r in records if "error" in r] == ["aa.jpg", "zz.png"]
    assert sum("plates" in record for record in records) == 3
    lines = [line for line in err.splitlines() if line.startswith("lpr-edge: ")]
    assert len(lines) == 2
    assert all("cut short" in line for line in lines)


def test_clip_becomes_one_event_a_vehicle(run: Run, models: list[str], tmp_path: Path) -> None:
    """A clip gives an event for each vehicle, and nothing for each frame."""
    clip = write_clip(tmp_path / "clip.avi", ("A104", "L77"))
    status, records, _ = run("--source", str(clip), *models)
    assert status == 0
    assert [(record["event"], record["text"], record["frames"]) for record in records] == [
        ("plate", "A104", 4),
        ("plate", "L77", 4),
    ]


def test_replay_gives_the_same_lines(run: Run, models: list[str], tmp_path: Path) -> None:
    """The same clip gives the same lines, ids and times included."""
    clip = write_clip(tmp_path / "clip.avi", ("A104", "L77"))
    assert run("--source", str(clip), *models)[1] == run("--source", str(clip), *models)[1]


def test_every_frame_gives_a_record_each(run: Run, models: list[str], tmp_path: Path) -> None:
    """`--every-frame` gives per-image records in place of events, and `--max-frames` ends them."""
    clip = write_clip(tmp_path / "clip.avi", ("A104",))
    status, records, _ = run("--source", str(clip), "--every-frame", "--max-frames", "7", *models)
    assert status == 0
    assert [record["frame"] for record in records] == list(range(7))
    assert [len(record["plates"]) for record in records] == [1, 1, 1, 1, 1, 0, 0]


def test_truncated_clip_gives_what_it_has(run: Run, models: list[str], tmp_path: Path) -> None:
    """A clip cut off after its first vehicle gives that event, then says what is wrong, with status 1."""
    clip = write_clip(tmp_path / "clip.avi", ("A104", "L77", "X410"), frames_each=2)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 4])
    status, records, err = run("--source", str(clip), *models)
    assert status == 1
    assert [record["text"] for record in records] == ["A104"]
    assert err.startswith("lpr-edge: ")
    assert "it is cut short or damaged" in err
    assert len(err.splitlines()) == 1


def test_stream_that_ends_keeps_its_events(run: Run, models: list[str]) -> None:
    """When a camera's stream ends, the vehicle that was there is announced, then the end is told, with status 1."""
    image = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr
    serve, kind = motion_jpeg([image] * 12)
    with serving(only_once(serve), kind) as url:
        status, records, err = run("--source", url, "--give-up", "0.1s", *models)
    assert status == 1
    assert [record["text"] for record in records] == ["A104"]
    assert records[0]["age_ms"] >= 0
    lost, end = err.splitlines()
    assert "it is tried again until it is back" in lost
    assert "ended after" in end


def test_missing_camera_is_one_line(run: Run, models: list[str]) -> None:
    """Without a camera there is one clear line and status 1."""
    status, records, err = run("--camera", "57", *models)
    assert (status, records) == (1, [])
    assert err.startswith("lpr-edge: no camera 57 (/dev/video57 is missing)")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("flag", ["--detector", "--reader", "--classifier"])
def test_model_of_the_wrong_kind(run: Run, models: list[str], pictures: Path, golden: Path, flag: str) -> None:
    """A model of another kind is refused by name, before anything is read."""
    wrong = golden / ("reader.int8.tflite" if flag == "--detector" else "detector.int8.tflite")
    what = "--characters" if flag == "--classifier" else "--source"
    status, records, err = run(what, str(pictures), *models, flag, str(wrong))
    assert (status, records) == (1, [])
    assert f"{wrong} is a {wrong.name.split('.')[0]}" in err
    assert len(err.splitlines()) == 1


def test_changed_byte_in_a_model(run: Run, models: list[str], pictures: Path, golden: Path, tmp_path: Path) -> None:
    """A model with one changed byte is refused with what to do."""
    data = bytearray((golden / "reader.int8.tflite").read_bytes())
    data[5000] ^= 4
    (tmp_path / "reader.tflite").write_bytes(data)
    status, records, err = run("--source", str(pictures), *models, "--reader", str(tmp_path / "reader.tflite"))
    assert (status, records) == (1, [])
    assert "is damaged: its weights don't match its manifest. Copy or export it again" in err


def test_least_confidence(run: Run, models: list[str], pictures: Path) -> None:
    """`--min-confidence 1` leaves out all but the perfectly sure."""
    _, records, _ = run("--source", str(pictures / "a.png"), *models, "--min-confidence", "1")
    assert records[0]["plates"] == []


def test_characters(run: Run, golden: Path, tmp_path: Path) -> None:
    """`--characters` gives source, label and confidence for each crop, and an error for what is none."""
    rng = np.random.default_rng(8)
    for number, label in enumerate("0X0"):
        cv2.imwrite(str(tmp_path / f"{number}.png"), tinyland.draw_character(label, rng))
    (tmp_path / "3.png").write_bytes(b"no picture")
    model = str(golden / "characters.int8.tflite")
    status, records, _ = run("--characters", str(tmp_path), "--classifier", model)
    assert status == 1
    assert [record.get("label") for record in records] == ["0", "X", "0", None]
    assert list(records[0]) == ["source", "label", "confidence"]
    assert list(records[3]) == ["source", "frame", "error"]


def test_drawn_pictures_and_clips_are_saved(run: Run, models: list[str], pictures: Path, tmp_path: Path) -> None:
    """`--save-images` keeps each picture under its name, drawn on; `--save-video` makes a clip of them."""
    out, clip = tmp_path / "out", tmp_path / "out.avi"
    assert run("--source", str(pictures), *models, "--save-images", str(out), "--save-video", str(clip))[0] == 0
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png", "c.png"]
    before, after = (cv2.imread(str(folder / "a.png")) for folder in (pictures, out))
    assert before is not None
    assert after is not None
    assert before.shape == after.shape
    assert (before != after).any()
    assert cv2.VideoCapture(str(clip)).get(cv2.CAP_PROP_FRAME_COUNT) == 3


def test_best_frame_of_each_vehicle_is_saved(run: Run, models: list[str], tmp_path: Path) -> None:
    """For a clip, `--save-images` keeps one picture a vehicle, named after its event."""
    clip = write_clip(tmp_path / "clip.avi", ("A104", "L77"))
    _, records, _ = run("--source", str(clip), *models, "--save-images", str(tmp_path / "out"))
    saved = sorted(path.stem for path in (tmp_path / "out").iterdir())
    assert saved == sorted(record["id"] for record in records)


def test_info_tells_what_a_model_is(
    capsys: pytest.CaptureFixture[str], golden: Path, models: list[str], run: Run
) -> None:
    """`--info` prints manifests for people, and with `--json` the manifests themselves."""
    assert main(["--info", *models]) == 0
    text = capsys.readouterr().out
    for part in ("detector.int8.tflite", "128 x 96 px, rgb, letterbox", "Tinyland", "7: 0 1 4 7 A L X", "litert"):
        assert part in text
    status, manifests, _ = run("--info", "--json", *models)
    assert (status, [manifest["kind"] for manifest in manifests]) == (0, ["detector", "reader"])
    assert manifests[0]["file"] == str(golden / "detector.int8.tflite")


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["doctor", "--json"], ["--doctor", "--json"]),
        (["info"], ["--info"]),
        (["install-service", "--print", "--camera", "0"], ["--install-service", "--print", "--camera", "0"]),
        (["hash-list", "gate.txt", "--hash-plates"], ["--hash-list", "gate.txt", "--hash-plates"]),
    ],
)
def test_a_subcommand_stands_for_its_flag(words: list[str], flags: list[str]) -> None:
    """`lpr-edge doctor` and the like give the settings that the flag of that name gives."""
    assert parse_arguments(words) == parse_arguments(flags)


def test_missing_shipped_models_are_told(
    run: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation without models says so, and which flag helps."""
    monkeypatch.setattr(shipped_models, "MODELS", tmp_path)
    status, _, err = run("--source", str(pictures))
    assert status == 1
    assert "lpr has no detector.int8.tflite here: install lpr again, or give a file with --detector" in err
    assert "make one with lpr-export --int8" in run("--source", str(pictures), "--runtime", "opencv")[2]


@pytest.fixture
def demo_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A demo of two vehicles, of which the truth calls one by another number."""
    write_clip(tmp_path / "clip.avi", ("A104", "L77")).rename(tmp_path / "clip.mp4")
    truth = [{"rows": ["A", "104"], "first": 0, "last": 4}, {"rows": ["L47"], "first": 12, "last": 16}]
    (tmp_path / "truth.json").write_text(json.dumps({"plates": truth}))
    monkeypatch.setattr(demo, "FOLDER", tmp_path)
    return tmp_path


def test_demo_stands_beside_the_truth(run: Run, models: list[str], demo_clip: Path) -> None:
    """Each event of the demo has the truth beside it, and stderr sums up what was right, wrong and missed."""
    status, records, err = run("--demo", *models)
    assert status == 0
    assert [(r["text"], r["truth"], r["right"]) for r in records] == [("A104", "A104", True), ("L77", "L47", False)]
    assert "1 of 2 plates read right, 1 wrong; not read: L47" in err


def test_demo_that_is_missing_is_told(
    run: Run, models: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation without the clip says so."""
    monkeypatch.setattr(demo, "FOLDER", tmp_path)
    status, _, err = run("--demo", *models)
    assert status == 1
    assert "this installation has no demo clip" in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--camera"],
        ["--camera", "-1"],
        ["--camera", "0", "--demo"],
        ["--source", "a.png", "--threads", "0"],
        ["--source", "a.png", "--min-confidence", "2"],
        ["--source", "a.png", "--runtime", "tensorrt"],
        ["--source", "a.png", "--json"],
        ["--info", "--show"],
        ["--characters", "a.png", "--save-images", "out"],
        ["--source", "a.png", "--max-frame", "3"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage prints how it is meant, and nothing on stdout."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: lpr-edge" in err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the version and stops."""
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"lpr {__version__}\n"


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    # A shell's background jobs ignore Ctrl-C, and so do their children, unless they are told otherwise.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "lpr_edge", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_closed_pipe_ends_quietly(models: list[str], pictures: Path) -> None:
    """Where the reader of stdout goes away, as `head` does, the command ends without a complaint."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "lpr_edge", "--source", str(pictures), *models]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_ctrl_c_stops_cleanly(models: list[str]) -> None:
    """Ctrl-C ends a running camera with status 130 and no traceback, even while it waits for a frame."""
    image = tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr
    with camera_that_hangs(image) as url:
        process = start("--source", url, "--every-frame", *models)
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=15)
    assert (process.returncode, err) == (130, b"")
    assert json.loads(first)["plates"][0]["text"] == "A104"


def test_ctrl_c_announces_who_is_there(plate_reader: PlatePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    """A vehicle that was seen but hadn't settled when Ctrl-C came is announced before the end."""

    def frames() -> Frames:
        yield replace(frame(0), image_bgr=tinyland.draw_scene(("A104",), np.random.default_rng(3)).image_bgr)
        raise KeyboardInterrupt

    loop = Loop(plate_reader, JsonLines(sys.stdout), FrameOutputs("live"))
    with pytest.raises(KeyboardInterrupt):
        loop.run(Source("camera 0", "live", 10.0, frames()))
    assert json.loads(capsys.readouterr().out)["text"] == "A104"


def test_output_is_utf8_in_any_locale(golden: Path, pictures: Path, tmp_path: Path, models: list[str]) -> None:
    """JSON is UTF-8 even where the locale says otherwise."""
    folder = tmp_path / "फोटो"
    pictures.rename(folder)
    process = start("--source", str(folder / "a.png"), *models, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")
    assert "फोटो" in json.loads(out.decode())["source"]


def test_what_is_announced_is_as_likely_as_was_asked_for(run: Run, models: list[str], tmp_path: Path) -> None:
    """--min-confidence holds for the vote of an event; what no form allows is one only with --any-text."""
    part, whole = write_clip(tmp_path / "part.avi", ("A",)), write_clip(tmp_path / "whole.avi", ("A104",))
    assert run("--source", str(part), *models, "--min-confidence", "0")[1] == []
    _, (record,), _ = run("--source", str(part), *models, "--min-confidence", "0", "--any-text")
    assert (record["text"], record["valid"]) == ("A", False)
    _, (record,), _ = run("--source", str(whole), *models, "--min-confidence", "0")
    likely = record["confidence"]
    for least, texts in ((likely - 0.001, ["A104"]), (min(1.0, likely + 0.001), [])):
        _, records, _ = run("--source", str(whole), *models, "--min-confidence", str(least))
        assert [record["text"] for record in records] == texts
