"""The table of searches in a large history, from its result file."""

from pathlib import Path

from tools.docs.results import MACHINE, board, table

from lpr_bench.history.run_history import HEAD, history_rows

RESULT = f"{MACHINE}-history"


def history(repository: Path) -> str:
    """Each search with its times."""
    record = board(repository, "history", RESULT)
    if not record:
        return "Not measured on this machine yet."
    machine = record["environment"]
    size = (
        f"{record['events']:,} events, a file of {record['file_bytes'] / 1e6:,.0f} MB, on {machine['cores']} cores "
        f"with a load average of {machine['state']['load_1_minute']:.0f}."
    )
    reads = (
        "The last column adds the time that a memory card of class A1 (1,500 random reads a second) takes for the pages"
        " read to the processor's time here: a projection, not a measurement."
    )
    return f"{size} {reads}\n\n{table(HEAD, history_rows(record))}"
