"""Each way in which an update can go wrong, tried on a device that runs release 1."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.model_repository import Device, Publisher, Served, serving_repository

from lpr_edge.updates.confidence_watch import COUNTS, ConfidenceWatch


@dataclass(frozen=True)
class Stage:
    """Where a scenario plays."""

    publisher: Publisher
    served: Served
    device: Device
    folder: Path
    """For whatever it writes."""

    def again(self) -> str:
        """Let the device ask."""
        return self.device.ask()


Scenario = Callable[[Stage], str]
"""Plays on a device that has release 1; returns what the device said."""


def wrong_signature(stage: Stage) -> str:
    """The new metadata is signed with other keys."""
    other = Publisher(stage.folder / "other")
    other.publish()
    stage.publisher.publish()
    shutil.copytree(other.folder / "targets", stage.served.folder / "targets", dirs_exist_ok=True)
    for name in ("timestamp.json", "3.snapshot.json", "3.targets.json"):
        source = other.folder / "metadata" / name
        shutil.copy(source if source.exists() else other.folder / "metadata" / f"2{name[1:]}", _metadata(stage) / name)
    return stage.again()


def changed_metadata(stage: Stage) -> str:
    """A byte of signed metadata is another."""
    stage.publisher.publish()
    path = _metadata(stage) / "timestamp.json"
    path.write_text(path.read_text().replace('"version":3', '"version":9').replace('"version": 3', '"version": 9'))
    return stage.again()


def changed_target(stage: Stage) -> str:
    """A byte of a model file is another."""
    stage.publisher.publish()
    for path in (stage.served.folder / "targets" / "releases" / "2").glob("*.reader.int8.tflite"):
        data = bytearray(path.read_bytes())
        data[1000] ^= 1
        path.write_bytes(data)
    return stage.again()


def too_few_signatures(stage: Stage) -> str:
    """A new root is signed with one key where two must sign."""
    stage.publisher.repository.rotate("targets", stage.folder / "new")
    path = _metadata(stage) / "2.root.json"
    root = json.loads(path.read_text())
    root["signatures"] = root["signatures"][:1]
    path.write_text(json.dumps(root))
    return stage.again()


def rollback(stage: Stage) -> str:
    """The repository of an earlier day is served again, still within its expiry."""
    earlier = stage.publisher.copy_to(stage.folder / "earlier")
    stage.publisher.publish()
    stage.again()
    stage.served.folder = earlier
    return stage.again()


def freeze(stage: Stage) -> str:
    """The same metadata is served for longer than it holds."""
    stage.publisher.publish()
    stage.publisher.repository.refresh(days=-1)
    return stage.again()


def mix_and_match(stage: Stage) -> str:
    """Targets of one day come with the snapshot of another."""
    stage.publisher.publish()
    shutil.copy(_metadata(stage) / "2.targets.json", _metadata(stage) / "3.targets.json")
    return stage.again()


def endless_data(stage: Stage) -> str:
    """The server sends bytes without end."""
    stage.publisher.publish()
    stage.served.endless = "timestamp.json"
    said = stage.again()
    assert stage.served.sent < 50 << 20, "it was read on and on"
    return said


def server_gone(stage: Stage) -> str:
    """Nothing but errors comes from the server."""
    stage.served.folder = stage.folder / "nothing"
    return stage.again()


def wrong_golden_text(stage: Stage) -> str:
    """The models read another text on a golden frame than was recorded."""
    stage.publisher.publish(stage.publisher.wrong_text(stage.folder))
    return stage.again()


def wrong_golden_integer(stage: Stage) -> str:
    """The models give another integer than was recorded."""
    stage.publisher.publish(stage.publisher.wrong_integer(stage.folder))
    return stage.again()


def truncated_model(stage: Stage) -> str:
    """A signed model file was damaged before it was published."""
    half = stage.folder / "reader.int8.tflite"
    half.write_bytes((stage.device.slots.folder / "a" / half.name).read_bytes()[:-500])
    stage.publisher.publish(half)
    return stage.again()


def no_start(stage: Stage) -> str:
    """The new release passes its golden set, and then reads no frame in two starts."""
    stage.publisher.publish()
    stage.again()
    for _ in range(3):
        stage.device.slots.note_opening()
    return stage.device.state.result


def falling_confidence(stage: Stage) -> str:
    """The new release reads with less confidence than the one before."""
    slots = stage.device.slots
    before = ConfidenceWatch(slots.folder, 1)
    before.add(180, 200)
    before.save(3600.0, ())
    stage.publisher.publish()
    stage.again()
    watch = ConfidenceWatch(slots.folder, 2)
    watch.add(140, 200)
    watch.save(600.0, (1,))
    assert (slots.folder / COUNTS).exists()
    stays, why = ConfidenceWatch(slots.folder, 2).verdict(slots.state.previous_release)
    assert stays is False
    slots.revert(why)
    return slots.state.result


def _metadata(stage: Stage) -> Path:
    return stage.served.folder / "metadata"


REFUSED: dict[str, tuple[Scenario, str]] = {
    "wrong signature": (wrong_signature, "isn't to be trusted"),
    "changed metadata": (changed_metadata, "isn't to be trusted"),
    "changed model file": (changed_target, "isn't to be trusted"),
    "too few signatures": (too_few_signatures, "isn't to be trusted"),
    "rollback": (rollback, "isn't to be trusted"),
    "freeze": (freeze, "expired"),
    "mix and match": (mix_and_match, "isn't to be trusted"),
    "endless data": (endless_data, "can't be reached"),
    "server gone": (server_gone, "can't be reached"),
    "wrong golden text": (wrong_golden_text, "golden frame 1 reads"),
    "wrong golden integer": (wrong_golden_integer, "differs by up to 1 steps, and 0 are allowed"),
    "damaged model file": (truncated_model, "no readable lpr manifest"),
}
"""Scenario -> how it is played, and what the device must say. The active models stay."""
RECOVERED: dict[str, tuple[Scenario, str]] = {
    "no first frame": (no_start, "read no frame in 2 starts"),
    "falling confidence": (falling_confidence, "70 % of its readings are confident, and 90 % were before"),
}
"""The same where the device goes back to release 1."""


@dataclass(frozen=True)
class Outcome:
    """What became of a scenario."""

    said: str
    release: int | None
    """That is active at the end."""
    works: bool
    """Whether its models give what they should."""


def play(scenario: Scenario, folder: Path) -> Outcome:
    """Play a scenario on a device that runs release 1, which was accepted."""
    publisher = Publisher(folder / "publisher")
    publisher.publish()
    served = Served(publisher.folder)
    with serving_repository(served) as url:
        device = Device(folder / "device", url, publisher.root)
        said = device.ask()
        assert device.state.release == 1, said
        device.slots.accept("it is the first")
        scratch = folder / "scenario"
        scratch.mkdir()
        said = scenario(Stage(publisher, served, device, scratch))
    return Outcome(said, device.state.release, device.works())


def cut_power(folder: Path, cuts: int) -> list[dict[str, Any]]:
    """Kill updates from release 1 to 2 at so many moments; what was found after each: see `update_power_cut.Cut`."""
    publisher = Publisher(folder / "publisher")
    publisher.publish()
    with serving_repository(Served(publisher.folder)) as url:
        device = Device(folder / "device", url, publisher.root)
        device.ask()
        device.slots.accept("it is the first")
        publisher.publish()
        scratch = folder / "cuts"
        scratch.mkdir()
        words = (url, publisher.root, device.slots.folder, scratch, cuts)
        command = [sys.executable, "-m", "tests.support.update_power_cut", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def main(argv: list[str] | None = None) -> int:
    """Play all scenarios and cuts, and write what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.update_scenarios", description=__doc__)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--json", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args(argv)
    rows = []
    for name, (scenario, wanted) in {**REFUSED, **RECOVERED}.items():
        with tempfile.TemporaryDirectory() as folder:
            outcome = play(scenario, Path(folder))
        kept = 2 if name == "rollback" else 1
        is_held = wanted in outcome.said and outcome.release == kept and outcome.works
        result = "recovered" if name in RECOVERED else "refused"
        rows.append({"scenario": name, "what": _first_line(scenario), "result": result if is_held else "FAILED"})
    with tempfile.TemporaryDirectory() as folder:
        cuts = cut_power(Path(folder), arguments.cuts)
    held = [cut for cut in cuts if cut["works"] and cut["then_works"] and cut["then"] == 2]
    found = {"cuts": len(cuts), "killed": sum(cut["was_killed"] for cut in cuts), "working": len(held)}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"schema": 1, "scenarios": rows, "power": found}, indent=1)
    arguments.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return int(len(held) < len(cuts) or any(row["result"] == "FAILED" for row in rows))


def _first_line(scenario: Scenario) -> str:
    return (scenario.__doc__ or "").splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
