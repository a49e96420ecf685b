"""What a reader gains from the votes that `lpr-edge --collect` would store.

python -m tests.support.collected_gain --data DIR --from RUN --folder FOLDER --json FILE      (an hour on two cores)

The starting reader hasn't seen the photographs of one source. Clips are made of four fifths of that source's vehicles
in the training split, the reader's votes in these clips are collected, and the reader is fine-tuned on the votes. The
other vehicles choose the epoch, and the test split shows the gain. A control is fine-tuned with the same settings
without votes: it shows what a longer training gains by itself. What FOLDER has already isn't done again.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lpr_bench.app.cli import main as lpr_bench
from lpr_bench.base.results import write_result
from lpr_edge.contract.base.text_files import read_lines
from lpr_edge.contract.data.label_file import VOTE
from lpr_edge.contract.data.plate_photos import load_plates
from lpr_edge.contract.data.splits import HoldOut, vehicle_groups
from lpr_export.app.cli import main as lpr_export
from lpr_train.fine_tune.fine_tune import RESULT, fine_tune
from lpr_train.fine_tune.plan import count_examples, fine_tune_settings
from lpr_train.fine_tune.starting_run import starting_settings
from lpr_train.tasks.reader.config import ReaderConfig
from lpr_train.tasks.reader.task import ReaderTask

JUDGING = 0.2
"""Fraction of the vehicles that no clip shows."""
SEED = 1
READER = "reader.int8.tflite"
Line = dict[str, Any]


def write_folder(folder: Path, parts: Iterable[tuple[Path, Sequence[Line]]]) -> Path:
    """Make a data folder of label lines and links to their images.

    Args:
        folder: takes `plates/`.
        parts: a folder of images and the lines of some of them, each; names may repeat from part to part.
    """
    images = folder / "plates" / "images"
    images.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (source, lines) in enumerate(parts):
        for line in lines:
            name = f"{number}_{line['image']}"
            if not (images / name).exists():
                (images / name).symlink_to((source / line["image"]).absolute())
            written.append(json.dumps(line | {"image": name}, ensure_ascii=False) + "\n")
    (images.parent / "labels.jsonl").write_text("".join(written), encoding="utf-8")
    return folder


def lines_of(folder: Path) -> list[Line]:
    """The label lines of a data folder."""
    return [json.loads(line) for _, line in read_lines(folder / "plates" / "labels.jsonl")]


def divide(data: Path, source: str, known: Sequence[str], folder: Path) -> None:
    """Make `gate` for the clips, `judge` for the comparison, and `known` for what isn't to be forgotten.

    Args:
        data: labelled photographs.
        source: of the photographs that the reader hasn't seen.
        known: the sources that it was trained on.
        folder: takes the three.
    """
    photos = [photo for photo in load_plates(data, "train") if photo.source == source]
    groups = vehicle_groups([photo.plates for photo in photos])
    chosen = HoldOut(JUDGING, SEED).choose(groups)
    judging = {photo.path.name for photo, group in zip(photos, groups, strict=True) if group in chosen}
    images, lines = data / "plates" / "images", lines_of(data)
    own = [line for line in lines if line["source"] == source]
    gate = [line for line in own if line["split"] == "train" and line["image"] not in judging]
    judge = [line for line in own if line["split"] == "test" or line["image"] in judging]
    others = [line for line in lines if line["source"] in known]
    for name, taken in (("gate", gate), ("judge", judge), ("known", others)):
        write_folder(folder / name, [(images, taken)])


def collect(script: str, reader: Path, folder: Path) -> dict[str, Any]:
    """Play the clips of a script, and keep what a device would collect; the clip's figures."""
    result = folder / f"{script}.json"
    if not result.exists():
        words = ["visits", "--data", str(folder / "gate"), "--split", "train", "--reader", str(reader)]
        words += ["--scripts", script, "--collect", str(folder / f"collected-{script}"), "--json", str(result)]
        _succeed(lpr_bench(words))
    (clip,) = json.loads(result.read_text(encoding="utf-8"))["clips"]
    return {"clip": script, "visits": clip["visits"], **clip["collected"]}


def votes_of(folder: Path) -> list[Line]:
    """The lines of a collected folder that a vote has labelled."""
    return [line for line in lines_of(folder) if all(plate.get("label") == VOTE for plate in line["plates"])]


def tune(start: Path, data: Path, folder: Path, minutes: float) -> dict[str, Any]:
    """Fine-tune on votes and, as a control, without them; both results, as fine_tune.json has them.

    Everything that a person labelled in `data` is held out of both.
    """
    base = replace(starting_settings(start, ReaderConfig), also=str(folder / "known"), init=str(start), seed=SEED)
    count = count_examples("reader", data, base.country)
    settings = fine_tune_settings(base, "reader", count, minutes, holdout=1.0)
    found = {}
    for name, own in (("votes", data), ("control", folder / "judge")):
        out = folder / f"tuned-{name}"
        if not (out / RESULT).exists():
            task = ReaderTask(replace(settings, data=str(own)))
            fine_tune(task, out, resume=(out / "checkpoint").exists(), max_drop=1.0)
        found[name] = json.loads((out / RESULT).read_text(encoding="utf-8"))
    return found


def _succeed(status: int) -> None:
    if status:
        sys.exit(status)


def measure(flags: argparse.Namespace) -> dict[str, Any]:
    """Do what isn't done yet, and put the results together."""
    folder: Path = flags.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "known").exists():
        divide(flags.data, flags.source, flags.known.split(","), folder)
    if not (folder / READER).exists():
        _succeed(lpr_export(["--int8", str(flags.start), "--out", str(folder), "--max-drop", "100"]))
    clips = [collect(script, folder / READER, folder) for script in flags.scripts.split(",")]
    collected = [folder / f"collected-{clip['clip']}" for clip in clips]
    parts = [(folder / "judge" / "plates" / "images", lines_of(folder / "judge"))]
    parts += [(each / "plates" / "images", votes_of(each)) for each in collected]
    data = write_folder(folder / "votes", parts)
    tuned = tune(flags.start, data, folder, flags.minutes)
    shown = [{key: value for key, value in clip.items() if key != "wrong_votes"} for clip in clips]
    return {"benchmark": "collected_gain", "source": flags.source, "known": flags.known, "clips": shown, "tuned": tuned}


def main() -> int:
    """Measure, and write a result file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="holds plates/ with several sources")
    parser.add_argument(
        "--from", dest="start", type=Path, required=True, help="run of a reader trained on --known alone"
    )
    parser.add_argument("--source", default="hamro", help="source of the photographs that it hasn't seen")
    parser.add_argument("--known", default="street,koshi", help="sources that it was trained on")
    parser.add_argument("--scripts", default="approach,pass-by")
    parser.add_argument("--minutes", type=float, default=20.0, help="of each training")
    parser.add_argument("--folder", type=Path, required=True, help="keeps what is done")
    parser.add_argument("--json", type=Path)
    flags = parser.parse_args()
    result = measure(flags)
    print(json.dumps(result["tuned"], indent=1))
    if flags.json:
        write_result(flags.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
