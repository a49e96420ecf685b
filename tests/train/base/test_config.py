import argparse
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lpr_edge.contract.base.errors import LprError
from lpr_train.app.cli import _current_flag
from lpr_train.base.config import (
    FitConfig,
    add_flags,
    config_from_dict,
    config_to_toml,
    field_notes,
    read_config,
    with_flags,
)
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.detector.config import DetectorConfig
from lpr_train.tasks.reader.config import ReaderConfig


@dataclass(frozen=True)
class _Shaped(FitConfig):
    """Settings of every type."""

    widths: tuple[int, ...] = (8, 16)
    """channels"""
    mirrored: bool = False
    """both ways round"""


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_config_file_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every type of value survives TOML: texts with quotes and Devanagari, lists, true, small floats."""
    config = replace(_Shaped(), data='a "b"/बा', seed=7, ema=0.0, learning_rate=1e-5, mirrored=True, widths=(3,))
    assert read_config(_write(tmp_path, config_to_toml(config)), _Shaped) == config


@settings(deadline=None, max_examples=50)
@example("\x7f", 1.0)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.floats(1e-9, 1e9))
def test_any_text_and_number_survive_toml(text: str, number: float) -> None:
    """No folder name or rate can break the file that a run is repeated from."""
    config = replace(FitConfig(), data=text, learning_rate=number)
    assert config_from_dict(FitConfig, tomllib.loads(config_to_toml(config)), "test") == config


@pytest.mark.parametrize(
    ("config_class", "former", "key"),
    [
        (DetectorConfig, "trouble_share", "occlusion_share"),
        (ReaderConfig, "recombined_share", "copy_paste_share"),
        (CharactersConfig, "mix_share", "mixup_share"),
    ],
)
def test_former_keys_are_accepted(tmp_path: Path, config_class: type[FitConfig], former: str, key: str) -> None:
    """The config.toml of a run of an earlier version still loads, and the current key is written back."""
    config = read_config(_write(tmp_path, f"{former} = 0.125\n"), config_class)
    assert getattr(config, key) == 0.125
    assert f"\n{key} = 0.125\n" in config_to_toml(config)


def test_former_flags_are_accepted() -> None:
    """A command line of an earlier version still works, with either way of giving the value."""
    arguments = ["detector", "--trouble-share", "0.5", "--mistaken-weight=4", "--out", "a=--mix-share"]
    current = ["detector", "--occlusion-share", "0.5", "--hard-example-weight=4", "--out", "a=--mix-share"]
    assert [_current_flag(argument) for argument in arguments] == current


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt key is an error, not ignored."""
    with pytest.raises(LprError, match=r"config\.toml: unknown key `learning_rat`\. Did you mean `learning_rate`\?"):
        read_config(_write(tmp_path, "learning_rat = 0.1\n"), FitConfig)


def test_a_key_like_no_other_lists_what_is_known(tmp_path: Path) -> None:
    """Without a near key, all keys are listed."""
    with pytest.raises(LprError, match=r"unknown key `zzz`\. Known keys: country, data, .*epochs"):
        read_config(_write(tmp_path, "zzz = 1\n"), FitConfig)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('epochs = "many"', "`epochs` is 'many', and a whole number was expected"),
        ("epochs = 1.5", "`epochs` is 1.5, and a whole number was expected"),
        ("epochs = true", "`epochs` is True, and a whole number was expected"),
        ("ema = 'x'", "`ema` is 'x', and a number was expected"),
        ("widths = [1, 'x']", "`widths` is 'x', and a whole number was expected"),
        ("widths = 3", "`widths` is 3, and a list, each item a whole number was expected"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(tmp_path: Path, text: str, message: str) -> None:
    """The message holds key, value and the type that belongs there."""
    with pytest.raises(LprError, match=message):
        read_config(_write(tmp_path, text), _Shaped)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "`epochs` is 0, and it must be 1 or more"),
        ({"ema": 1.0}, "`ema` is 1.0, and it must be at least 0 and less than 1"),
        ({"optimizer": "adam"}, "`optimizer` is 'adam', and it must be adamw or sgd"),
    ],
)
def test_a_value_out_of_range_is_refused(values: dict[str, object], message: str) -> None:
    """The range is told, wherever the value came from."""
    with pytest.raises(LprError, match=message):
        config_from_dict(FitConfig, values, "config.toml")


def test_broken_toml_and_missing_files_are_named(tmp_path: Path) -> None:
    """Neither ends in a traceback."""
    with pytest.raises(LprError, match=r"config\.toml isn't TOML: "):
        read_config(_write(tmp_path, "epochs = = 3"), FitConfig)
    with pytest.raises(LprError, match=r"none\.toml can't be read: No such file"):
        read_config(tmp_path / "none.toml", FitConfig)


def test_a_whole_number_may_stand_for_a_float(tmp_path: Path) -> None:
    """`warmup_epochs = 2` is what people write."""
    config = read_config(_write(tmp_path, "warmup_epochs = 2"), FitConfig)
    assert (config.warmup_epochs, type(config.warmup_epochs)) == (2.0, float)


def test_every_key_is_a_flag_and_flags_win() -> None:
    """Flags that are given replace the file's values; the others leave them alone."""
    parser = argparse.ArgumentParser()
    add_flags(parser, _Shaped)
    config = replace(_Shaped(), epochs=9, seed=4)
    flags = ["--epochs", "3", "--mirrored", "--widths", "1", "2", "--learning-rate", "1e-3", "--data", "x"]
    changed = with_flags(config, parser.parse_args(flags))
    expected = {"epochs": 3, "mirrored": True, "widths": (1, 2), "learning_rate": 1e-3, "data": "x"}
    assert changed == replace(config, **expected)  # type: ignore[arg-type]
    options = {option for action in parser._actions for option in action.option_strings}
    assert {"--" + field.name.replace("_", "-") for field in fields(_Shaped)} <= options


def test_every_key_is_explained() -> None:
    """Flags' help and the file's comments come from the notes below the fields, and none is missing."""
    notes = field_notes(CharactersConfig)
    assert [field.name for field in fields(CharactersConfig) if not notes.get(field.name)] == []
    assert "# " + notes["holdout"] + "\nholdout = " in config_to_toml(CharactersConfig())
