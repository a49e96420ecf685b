import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import read_picture
from lpr_train.app import cli
from lpr_train.app.cli import main
from lpr_train.base import engine
from lpr_train.base.config import FitConfig, read_config

SMALL = ["--epochs", "2", "--steps-per-epoch", "3", "--batch-size", "8", "--representative", "4", "--heldout", "4"]


@pytest.fixture
def halves_command(halves: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`lpr-train characters` trains the tests' small task."""
    task_class = type(halves())
    monkeypatch.setattr(cli, "task_classes", lambda _: (FitConfig, task_class))


@pytest.mark.usefixtures("halves_command")
def test_a_run_ends_with_the_next_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures and what to type next on stdout, epochs on stderr, files in the folder, exit 0."""
    out = tmp_path / "first"
    assert main(["characters", "--out", str(out), "--seed", "5", *SMALL]) == 0
    captured = capsys.readouterr()
    assert "halves held out: accuracy " in captured.out
    assert captured.out.endswith(f"Next: lpr-export --int8 {out}\n")
    assert "epoch 1/2  loss " in captured.err
    assert "left]" in captured.err
    files = {"model.keras", "config.toml", "metrics.json", "history.csv", "model.json", "seen.json", "curves.png"}
    assert files | {"representative.npz", "heldout.npz", "checkpoint"} == {path.name for path in out.iterdir()}
    assert read_config(out / "config.toml", FitConfig).seed == 5


@pytest.mark.usefixtures("halves_command")
def test_a_network_that_learnt_nothing_has_no_next_command(
    halves: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Instead of the export it says what fails, and that the run was shorter than its EMA."""
    metric = {"data": "halves", "split": "held out", "metric": "accuracy", "value": 0.0, "count": 64}
    monkeypatch.setattr(type(halves()), "final_metrics", lambda *_: [metric])
    assert main(["characters", "--out", str(tmp_path / "run"), *SMALL]) == 0
    captured = capsys.readouterr()
    assert captured.out.endswith("It recognises none of 64 held-out examples: train longer before you export it.\n")
    assert "lpr-export" not in captured.out
    assert "advice: The run had 6 steps, and its EMA of 0.998 needs 500 or more" in captured.err


@pytest.mark.usefixtures("halves_command")
def test_a_run_is_not_overwritten_and_can_be_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same folder again is an error that names --resume, which goes on with the run's own settings."""
    arguments = ["characters", "--out", str(tmp_path), *SMALL, "--seed", "5"]
    assert main(arguments) == 0
    assert main(arguments) == 1
    assert "already holds a run. Continue it with --resume" in capsys.readouterr().err
    assert main(["characters", "--out", str(tmp_path), "--resume", "--epochs", "3"]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["epochs"] == 3
    assert read_config(tmp_path / "config.toml", FitConfig).seed == 5


@pytest.mark.usefixtures("halves_command")
def test_the_file_s_settings_stand_under_the_flags(tmp_path: Path) -> None:
    """--config gives settings, flags win over it, and config.toml holds what came of both."""
    (tmp_path / "my.toml").write_text("seed = 8\nepochs = 7\nsteps_per_epoch = 1\n", encoding="utf-8")
    assert main(["characters", "--out", str(tmp_path / "run"), "--config", str(tmp_path / "my.toml"), *SMALL]) == 0
    config = read_config(tmp_path / "run" / "config.toml", FitConfig)
    assert (config.seed, config.epochs, config.steps_per_epoch) == (8, 2, 3)


@pytest.mark.usefixtures("halves_command")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume"], "config.toml can't be read"),
        (["--resume", "--config", "x.toml"], "--resume continues with the run's own config.toml"),
        (["--config", "none.toml"], "none.toml can't be read"),
        (["--epochs", "0"], "`epochs` is 0, and it must be 1 or more"),
        (["--init", "nowhere"], "model.keras isn't there|nowhere isn't there"),
    ],
)
def test_a_user_s_mistake_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Exit 1, one line on stderr, no traceback."""
    assert main(["characters", "--out", str(tmp_path / "run"), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("lpr-train: ")
    assert error.count("\n") == 1
    assert any(part in error for part in message.split("|"))


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["characters"], ["characters", "--out", "x", "--epocs", "3"]])
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    """No command, an unknown one, a missing --out and an unknown flag are argparse's to tell."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


@pytest.mark.usefixtures("halves_command")
def test_ctrl_c_outside_the_loop_exits_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a traceback."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lpr_train.loop.fit.fit", interrupted)
    assert main(["characters", "--out", str(tmp_path)]) == 130


def test_missing_tensorflow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install."""
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(LprError, match=r"Training needs TensorFlow.*pip install 'lpr\[train\]'"):
        engine.load_tensorflow()


@pytest.mark.parametrize("command", ["", "characters", "check", "preview"])
def test_help_needs_no_tensorflow(command: str) -> None:
    """--help of every command imports neither TensorFlow nor Keras, so that it is quick and works without the extra."""
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "from lpr_train.app.cli import main\n"
        f"main({[*command.split(), '--help']!r})"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "usage: lpr-train" in shown.stdout


def test_preview_draws_a_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A PNG that opens, the same for the same seed, and its path on stdout."""
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    for path in (one, other):
        assert main(["preview", "--kind", "characters", "--count", "4", "--seed", "3", "--out", str(path)]) == 0
    assert f"4 characters in {one}\n" in capsys.readouterr().out
    assert one.read_bytes() == other.read_bytes()
    assert read_picture(one).std() > 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "0"], "needs at least 1 picture"),
        (["--country", "atlantis"], "no country 'atlantis'"),
        (["--count", "1", "--out", "none/sheet.png"], "none/sheet.png can't be written"),
    ],
)
def test_a_sheet_that_cannot_be_drawn_says_why(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """One line, exit 1."""
    assert main(["preview", "--kind", "characters", *arguments]) == 1
    assert message in capsys.readouterr().err
