"""The report's section on other OCR networks: accuracy on the same plates, time and size."""

from collections.abc import Mapping, Sequence
from typing import Any

from lpr_bench.base.results import Record
from lpr_bench.base.tables import format_share
from lpr_bench.report.report_sections import of
from lpr_bench.system.validity import is_valid, why_invalid
from lpr_edge.contract.report.html_page import heading, new_plot, paragraph, table, to_svg

READERS = ["rectified plates, true corners", "read exactly", "CER"]
SPEED = ["one inference, one thread", "runtime", "p50 ms", "p90 ms", "kB", "k parameters", "M multiply-adds"]


def rivals_section(records: Sequence[Record]) -> str:
    """Readers by accuracy, and networks by time."""
    parts = [
        paragraph(f"{record['board']}, split {record['split']}. {describe_training(record)}")
        + table(READERS, [reader_row(reader) for reader in record["readers"]])
        for record in of(records, "rivals")
    ]
    for record in of(records, "rivals-speed"):
        whole = "" if is_valid(record) else why_invalid(record)
        reasons = [whole or "; ".join(case["faults"]) for case in record["cases"]]
        text = f"{record['board']}: networks in turns. Untrained ones take what trained ones take."
        rows = [speed_row(case) for case in record["cases"]]
        parts.append(paragraph(text) + table(SPEED, rows, reasons) + speed_plot(record))
    return heading("Rivals") + "".join(parts) if parts else ""


def speed_plot(record: Record) -> str:
    """One bar per network; an invalid result is marked."""
    cases = record["cases"][::-1]
    figure, axes = new_plot(height=0.8 + 0.35 * len(cases))
    own = ["C0" if case["name"].startswith("lpr") else "C7" for case in cases]
    bars = axes.barh(range(len(cases)), [case["inference_ms"]["p50"] for case in cases], color=own)
    axes.bar_label(bars, [f"{case['inference_ms']['p50']:.2g}" for case in cases], padding=3)
    axes.set_yticks(range(len(cases)), [f"{case['name']} ({case['precision']})" for case in cases])
    unmarked = is_valid(record) and not any(case["faults"] for case in cases)
    axes.set_xlabel(f"milliseconds an inference, p50, one thread, {record['board']}{'' if unmarked else ' (INVALID)'}")
    return to_svg(figure)


def describe_training(record: Mapping[str, Any]) -> str:
    """A sentence on the training of the networks that were trained for this comparison; empty if none was."""
    trained, plates = record["trained"], record["training_set"]
    if not trained:
        return ""
    each = "; ".join(f"{name}: {_describe_run(run)}" for name, run in trained.items())
    return f"Trained on {plates['real']} real plates and on rendered ones; epochs and processor time: {each}."


def _describe_run(run: Mapping[str, Any]) -> str:
    cut_short = ", stopped before their end" if run["stopped"] else ""
    return f"{run['epochs']} epochs in {run['cpu_seconds'] / 60:.1f} min{cut_short}"


def reader_row(reader: Mapping[str, Any]) -> list[str]:
    """A reader's table row, with the columns of `READERS`."""
    exact = reader["exact_match"]
    return [reader["name"], format_share(exact["successes"], exact["count"]), f"{reader['character_error_rate']:.3f}"]


def speed_row(case: Mapping[str, Any]) -> list[str]:
    """A network's table row, with the columns of `SPEED`."""
    trained = "" if case["trained"] else ", untrained"
    return [
        f"{case['name']} ({case['precision']}{trained})",
        case["runtime"],
        f"{case['inference_ms']['p50']:.2f}",
        f"{case['inference_ms']['p90']:.2f}",
        f"{case['bytes'] / 1000:.0f}",
        f"{case['parameters'] / 1000:.0f}",
        f"{case['multiply_adds'] / 1e6:.1f}",
    ]
