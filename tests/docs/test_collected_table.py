"""The table of collected examples."""

from pathlib import Path

from tools.docs.collected_table import ARMS, COMMAND, collected, gain_lines

from lpr_bench.base.results import write_result

OWN = {"votes": 12, "votes_right": 11, "votes_with_good_corners": 9, "readings": 20, "readings_of_no_plate": 5}


def test_votes_and_what_waits_for_a_person_are_counted_apart(tmp_path: Path) -> None:
    """A line for each script says how many labels there are, how many are right, and what is left to label."""
    clip = {"clip": "approach", "visits": 32, "collected": OWN}
    result = {"benchmark": "visits", "split": "test", "seed": 0, "limit": 36, "models": [], "clips": [clip]}
    write_result(tmp_path / "benchmarks/results/collected.json", result)
    row = collected(tmp_path).splitlines()[2]
    assert [cell.split(" [")[0] for cell in row.strip("| ").split(" | ")] == [
        "approach",
        "32",
        "12",
        "91.7 % (11 of 12)",
        "75.0 % (9 of 12)",
        "20",
        "25.0 % (5 of 20)",
    ]


def test_without_a_result_nothing_is_claimed(tmp_path: Path) -> None:
    """The page names the command that measures it."""
    assert COMMAND in collected(tmp_path)


def test_what_a_reader_gains_from_its_votes() -> None:
    """Before, with votes and without, on the same pictures; the votes' number and rightness; whether it is kept."""
    changes = [{"pictures": "test", "count": 50, "before": 0.6, "after": after} for after in (0.7, 0.62)]
    worse: tuple[list[str], list[str]] = ([], ["something fell"])
    arms = zip(ARMS, changes, worse, strict=True)
    tuned = {name: {"changes": [change], "worse": what_fell} for name, change, what_fell in arms}
    clips = [{"clip": "approach", "visits": 168, "votes": 81, "votes_right": 75}]
    lines = gain_lines({"tuned": tuned, "clips": clips}).splitlines()
    assert lines[2].startswith("| new source, test split | 60.0 % (30 of 50)")
    assert [cell.split()[0] for cell in lines[2].split("|")[2:5]] == ["60.0", "70.0", "62.0"]
    assert lines[-1].startswith("The votes: 81 of 168 visits in clips of `approach`, of these right 92.6 % (75 of 81)")
    assert "The network trained on votes is kept. The one without them would not be kept" in lines[-1]
