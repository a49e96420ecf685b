import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.command_lines import commands_in, unknown_in

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")


def dry_run(repository: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    """What `make models` would do; nothing is done."""
    command = ["make", "-n", "models", f"PYTHON={sys.executable}", *settings]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def planned(output: str) -> list[list[str]]:
    """The lpr commands of a dry run, in order, both sides of a shell's if."""
    text = output.replace("\\\n", " ").replace(".venv/bin/", "")
    for word in ("; then ", "else ", "&& ", "|| "):
        text = text.replace(word, "\n")
    return list(commands_in(f"```\n{text}\n```\n"))


def test_models_are_made_in_order_by_commands_that_exist(repository: Path, tmp_path: Path) -> None:
    """Train networks and folds, calibrate, pack, export, measure, describe; every flag is one that its command has."""
    made = dry_run(repository, "DATA=photos", f"RUNS={tmp_path}")
    assert made.returncode == 0, made.stderr
    commands = planned(made.stdout)
    steps = list(dict.fromkeys(" ".join(words[:2]) if words[0] != "lpr-export" else words[0] for words in commands))
    trained = {"detector", "reader", "characters", "cross-validate", "distill"}
    assert {step for step in steps if step.startswith("lpr-train")} == {
        f"lpr-train {name}" for name in (*trained, "pack", "clip")
    }
    assert max(steps.index(f"lpr-train {name}") for name in trained) < steps.index("lpr-bench calibrate")
    assert steps[-4:] == ["lpr-bench calibrate", "lpr-train pack", "lpr-bench accuracy", "lpr-bench cards"]
    order = [" ".join(words[:2]) if words[0] != "lpr-export" else words[0] for words in commands]
    last_export = len(order) - 1 - order[::-1].index("lpr-export")
    assert order.index("lpr-train pack") < last_export < order.index("lpr-bench accuracy")
    assert [wrong for words in commands for wrong in unknown_in(words)] == []


def test_the_reader_learns_from_a_teacher_unless_there_is_none(repository: Path, tmp_path: Path) -> None:
    """With `TEACHER=no`, for machines without a GPU, no distillation is planned."""
    steps = [words[1] for words in planned(dry_run(repository, "DATA=photos", f"RUNS={tmp_path}").stdout)]
    assert "distill" in steps
    alone = [words[1] for words in planned(dry_run(repository, "DATA=photos", f"RUNS={tmp_path}", "TEACHER=no").stdout)]
    assert "distill" not in alone
    assert alone.count("reader") > 5


def test_what_is_finished_is_not_made_again(repository: Path, tmp_path: Path) -> None:
    """A network with its stamp isn't trained, and without any stamp missing nothing is left to do."""
    folds = [f"folds-{network}/fold-{number}" for network in ("detector", "reader") for number in (1, 2, 3)]
    for name in ("detector", "reader", "characters", *folds):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "trained").touch()
    after_training = planned(dry_run(repository, "DATA=photos", f"RUNS={tmp_path}").stdout)
    assert ["lpr-train", "pack"] in [words[:2] for words in after_training]
    assert {words[1] for words in after_training if words[0] == "lpr-train"} == {"pack", "cross-validate", "clip"}
    for step in (
        "folds-detector/exported",
        "folds-reader/exported",
        "folds.json",
        "reader/confidence.json",
        "exported",
        "described",
    ):
        (tmp_path / step).touch()
    assert planned(dry_run(repository, "DATA=photos", f"RUNS={tmp_path}").stdout) == []


@pytest.mark.parametrize("network", ["detector", "reader"])
def test_networks_and_their_folds_begin_from_rendered_pictures(repository: Path, tmp_path: Path, network: str) -> None:
    """What they begin from sees no photograph, and is trained before them; the folds are then measured together."""
    command = ["make", "-n", "folds", "DATA=photos", f"RUNS={tmp_path}", f"PYTHON={sys.executable}"]
    made = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    commands = planned(made.stdout)
    runs = [words for words in commands if words[:2] == ["lpr-train", network] and "--data" in words]
    first, folds = runs[0], runs[1:]
    assert first[first.index("--real-share") + 1] == "0"
    assert first[first.index("--out") + 1] == str(tmp_path / f"rendered-{network}")
    assert [words[words.index("--fold") :] for words in folds] == [["--fold", n, "--folds", "3"] for n in "123"]
    assert {words[words.index("--init") + 1] for words in folds} == {first[first.index("--out") + 1]}
    together = next(words for words in commands if words[1:3] == ["cross-validate", network])
    given = folds[0][folds[0].index("--init") : folds[0].index("--fold")]
    assert together[together.index("--init") :] == [*given, "--folds", "3"]
    assert [words[:2] for words in commands[-1:]] == [["lpr-bench", "accuracy"]]
    assert [wrong for words in commands for wrong in unknown_in(words)] == []


def test_without_data_it_says_what_to_give(repository: Path, tmp_path: Path) -> None:
    """The folder of photographs has no default: it is asked for before anything is trained."""
    made = dry_run(repository, f"RUNS={tmp_path}")
    assert made.returncode != 0
    assert "make models DATA=DIR" in made.stderr
