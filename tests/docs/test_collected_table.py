"""The table of collected examples."""

from pathlib import Path

from tools.docs.collected_table import COMMAND, collected

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
