"""The tables of archives and of training on two machines."""

import json
from pathlib import Path
from typing import Any

from tools.docs.archive_tables import MACHINES, THROUGHPUT, throughput, two_machines


def archive_run(command: str, picture_s: float, start_s: float) -> dict[str, Any]:
    """A run of three blocks of ten pictures, with a second of CPU time at its end."""
    blocks = [
        {"pictures": count, "seconds": 2 * (start_s + count * picture_s), "cpu_s": start_s + count * picture_s}
        for count in (10, 20, 30)
    ]
    end = {"pictures": 30, "seconds": 99.0, "cpu_s": blocks[-1]["cpu_s"] + 1}
    return {"command": command, "blocks": blocks, "end": end}


def write(path: Path, values: dict[str, Any]) -> None:
    """Write a result file."""
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(values))


def test_start_and_end_do_not_count(tmp_path: Path) -> None:
    """A picture costs what each one after the first block does; the rest is start and end."""
    runs = [archive_run("lpr-edge", 0.09, 1), archive_run("lpr-batch", 0.1, 8)]
    write(tmp_path / THROUGHPUT, {"pictures": 30, "block": 10, "runs": runs, "cores": 2, "load_average": [0.5, 1.5]})
    text = throughput(tmp_path)
    assert "a core reads 90 % of the pictures" in text
    assert "load average was 0.5 to 1.5 on 2 cores" in text
    assert "| `lpr-edge --source`, one process | 90.0 | 180.0 | 2.0 |" in text
    assert "| `lpr-batch --workers 1` | 100.0 | 200.0 | 9.0 |" in text


def test_a_step_takes_what_the_busier_machine_takes(tmp_path: Path) -> None:
    """The first epoch doesn't count, and of two machines the one with more to do does."""
    common = {"epoch_s": [9.0, 4.0, 4.0], "loss": [3, 2, 1], "seconds": 20.0}
    one = common | {"cpu_s": [30.0], "epoch_cpu_s": [[20.0], [3.0], [3.0]], "sent_bytes": [0], "files": [9]}
    two = common | {"cpu_s": [30.0, 29.0], "epoch_cpu_s": [[20.0, 20.0], [2.0, 1.0], [1.0, 2.0]]}
    two |= {"sent_bytes": [30 << 20, 1], "files": [9, 0]}
    shown = {"task": "characters", "epochs": 3, "steps": 10, "batch": 8, "cores": 2, "load_average": [1, 2, 3]}
    write(tmp_path / MACHINES, shown | {"runs": {"one": [one], "two": [two]}})
    text = two_machines(tmp_path)
    assert "a step takes 300 ms of CPU time on one machine, and 200 ms on each of two" in text
    assert "**1.50 times** as fast" in text
    assert "| two | 30 + 29 | 20 | 4 | 1.00 | 1.000 | 9 + 0 |" in text
