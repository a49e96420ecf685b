"""The commands of publisher and device, one after the other."""

import json
from pathlib import Path

import pytest
from tests.support.model_repository import FILES, Served, draw_golden, serving_repository

from lpr_edge.app.cli import main
from lpr_edge.config.loading import load_config
from lpr_edge.wiring.wire_pipeline import open_photograph_pipeline
from lpr_edge.wiring.wire_sinks import reader_country
from lpr_export.app.cli import main as export

pytest.importorskip("tuf", reason="needs pip install 'lpr[update]'")


def test_publish_and_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A release in canary passes by a stable device; in stable it is taken, checked, and read with."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    repository, keys = str(tmp_path / "repository"), ("--keys", str(tmp_path / "keys"))
    pictures = draw_golden(tmp_path / "pictures")
    assert export(["publish", "init", repository, *keys]) == 0
    models = [str(path) for path in FILES]
    assert export(["publish", "release", repository, *models, *keys, "--golden", str(pictures)]) == 0
    root = Path(repository, "metadata", "1.root.json")
    with serving_repository(Served(Path(repository))) as url:
        words = ["--models", url, "--models-root", str(root)]
        stable = [*words, "--models-channel", "stable"]
        capsys.readouterr()
        assert main(["update", *stable]) == 0
        assert json.loads(capsys.readouterr().out)["result"] == "the channel stable has no release"
        assert export(["publish", "channel", repository, "stable", "1", *keys]) == 0
        capsys.readouterr()
        assert main(["update", *stable]) == 0
        state = json.loads(capsys.readouterr().out)
    assert (state["active"], state["release"], state["channel"]) == ("a", 1, "stable")
    assert main([*words, "--source", str(pictures / "0.png")]) == 0
    (plate,) = json.loads(capsys.readouterr().out)["plates"]
    assert plate["fields"]["town_name"] == "Xanadu"
    monkeypatch.setenv("LPR_MODELS", url)
    monkeypatch.setenv("LPR_MODELS_ROOT", str(root))
    assert_every_command_has_the_updated_country()


def assert_every_command_has_the_updated_country() -> None:
    """What `lpr-edge events`, `serve` and `frigate` open knows the country of the active slot's models."""
    config = load_config(None)
    assert reader_country(config).name == "tinyland"
    assert open_photograph_pipeline(config).reader.grammar.country.name == "tinyland"


def test_damaged_slot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Models that can't be opened any more give way to those that come with lpr, and status says so."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    folder = tmp_path / "models"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "release.json").write_text('{"release": 4}')
    (folder / "slots.json").write_text('{"active": "a", "release": 4, "trial": null}')
    (tmp_path / "root.json").write_text("{}")
    words = ["--models", "http://127.0.0.1:1", "--models-root", str(tmp_path / "root.json")]
    assert main([*words, "--info"]) == 0
    shown = capsys.readouterr()
    assert "lpr_edge/models/detector.int8.tflite" in shown.out
    assert "release 4 failed (it can't be opened: the release has no detector" in shown.err
    assert main(["update", "--show"]) == 0
    assert json.loads(capsys.readouterr().out)["release"] is None


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A repository without a root to trust, and models beside it, are refused in one line each."""
    with pytest.raises(SystemExit):
        main(["--models", "https://models.example.org", "--camera", "0"])
    assert "`models_root`" in capsys.readouterr().err
    root = ("--models-root", str(tmp_path / "none.json"))
    assert main(["--models", "https://m.example.org", *root, "--detector", "x.tflite", "--info"]) == 1
    assert "`detector` names a model, and so does the repository" in capsys.readouterr().err
    assert main(["update"]) == 1
    assert "no repository is given" in capsys.readouterr().err
    assert export(["publish", "show", str(tmp_path / "nothing"), "--keys", str(tmp_path)]) == 1
    assert "is no repository" in capsys.readouterr().err
