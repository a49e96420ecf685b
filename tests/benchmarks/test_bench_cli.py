from pathlib import Path

import pytest

from lpr_bench.cli import main


def test_missing_model_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model file that isn't there ends with one line on stderr and exit status 1."""
    assert main(["latency", "--detector", str(tmp_path / "none.tflite"), "--json", str(tmp_path / "a.json")]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("lpr-bench: no model file")


@pytest.mark.parametrize("arguments", [["latency", "--frames", "0"], ["accuracy"], ["invented"]])
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A count of no frames, a missing --data and an unknown benchmark are wrong usage."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: lpr-bench" in capsys.readouterr().err
