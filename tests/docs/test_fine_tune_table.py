"""The table of what a fine-tuning gains."""

import pytest
from tools.docs.fine_tune_table import TITLES, fine_tune_lines

from lpr_train.fine_tune.comparison import TITLES as REPORTED


def test_every_set_that_the_command_reports_has_a_line() -> None:
    """A result file with any set of pictures of the command's own table can be published."""
    changes = [{"pictures": name, "before": 0.5, "after": 0.75, "count": 4} for name in REPORTED]
    lines = fine_tune_lines({"changes": changes, "minutes": 20.4}).splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[2 : 2 + len(REPORTED)]] == [TITLES[n] for n in REPORTED]
    assert lines[2].endswith("| +25.0 |")


@pytest.mark.parametrize(("factor", "is_said"), [(1.0, False), (0.55, True)])
def test_weights_between_the_networks_are_named(factor: float, is_said: bool) -> None:
    """A reader of the page sees where the kept network is an interpolated one."""
    text = fine_tune_lines({"changes": [], "minutes": 20.4, "factor": factor})
    assert ("The weights are 55 % of the way" in text) == is_said
    assert "trained for 20 minutes" in text
