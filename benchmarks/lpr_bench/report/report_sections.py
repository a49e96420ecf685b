"""The report's sections on frames, latency, accuracy and parity, each from the records of all boards."""

from collections.abc import Mapping, Sequence
from typing import Any

from lpr_bench.base.results import Record
from lpr_bench.system.validity import is_valid, why_invalid
from lpr_edge.contract.report.html_page import heading, new_plot, paragraph, table, to_svg
from lpr_edge.contract.run.model_types import CLASSIFIER, MODEL_TYPES

FADED = 0.25
"""Opacity of an invalid result in plots."""


def of(records: Sequence[Record], benchmark: str) -> list[Record]:
    """Records of one benchmark."""
    return [record for record in records if record["benchmark"] == benchmark]


def _reasons(records: Sequence[Record]) -> list[str]:
    return ["" if is_valid(record) else why_invalid(record) for record in records]


def _alpha(record: Record) -> float:
    return 1.0 if is_valid(record) else FADED


def _named(record: Record) -> str:
    """Name of a board in plots, marked if the result is invalid."""
    return str(record["board"]) if is_valid(record) else f"{record['board']} (INVALID)"


def boards_section(records: Sequence[Record]) -> str:
    """Latency of whole frames by board."""
    found = of(records, "frames")
    if not found:
        return ""
    rows = [_board_row(record) for record in found]
    header = ["board", "runtime", "threads", "0 % p50", "50 %", "100 %", "100 % p99", "frames/s", "start, s", "MB"]
    text = (
        "Frames of 640×480 with a plate in none, half and all of them; milliseconds of the one call around all stages."
    )
    return heading("Whole frames") + paragraph(text) + table(header, rows, _reasons(found)) + frames_plot(found)


def frames_plot(results: Sequence[Record]) -> str:
    """Three bars per board: a plate in no frame, in half of them, in all."""
    figure, axes = new_plot(height=1.2 + 0.9 * len(results))
    for number, record in enumerate(results):
        for offset, share in enumerate(record["shares"]):
            stages = share["stages_ms"]["whole"]
            place = number + 0.25 * (offset - 1)
            axes.barh(place, stages["p50"], 0.22, color=f"C{offset}", alpha=_alpha(record))
            axes.plot([stages["p50"], stages["p99"]], [place] * 2, color="black", alpha=_alpha(record), linewidth=1)
    axes.set_yticks(range(len(results)), [_named(record) for record in results])
    axes.set_xlabel("milliseconds a frame: p50, line to p99; plate in 0, 50, 100 % of frames from below")
    return to_svg(figure)


def _board_row(record: Record) -> list[str]:
    whole = [share["stages_ms"]["whole"] for share in record["shares"]]
    starting = record["starting"]
    model = record["models"][0]
    return [
        record["board"],
        f"{model['runtime']} {model['runtime_version']}",
        str(record["threads"]),
        *(f"{stage['p50']:.2f}" for stage in whole),
        f"{whole[-1]['p99']:.2f}",
        f"{record['shares'][-1]['frames_per_second']:.0f}",
        _or_dash(starting.get("first_reading_s"), ".2f"),
        _or_dash(max(starting.get("peak_memory_mb", {}).values(), default=None), ".0f"),
    ]


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def latency_section(records: Sequence[Record]) -> str:
    """Latency of every network by runtime and threads."""
    parts = []
    for record in of(records, "latency"):
        rows = [_case_row(case) for case in record["cases"]]
        reasons = ["; ".join(case["faults"]) if is_valid(record) else why_invalid(record) for case in record["cases"]]
        reference = record["reference"]
        text = (
            f"{record['board']}: one inference in milliseconds, all cases in turns; ratios to {reference['path']} in "
            f"{reference['runtime']} with {reference['threads']} thread(s), with 95 % intervals."
        )
        header = ["network", "runtime", "threads", "p50", "p90", "p99", "ratio"]
        parts.append(paragraph(text) + table(header, rows, reasons) + _scaling_plot(record))
    return heading("Networks, runtimes, threads") + "".join(parts) if parts else ""


def _case_row(case: Mapping[str, Any]) -> list[str]:
    figures = [f"{case['inference_ms'][name]:.3f}" for name in ("p50", "p90", "p99")]
    ratio = "{:.3g} [{:.3g}–{:.3g}]".format(*case["ratio_to_reference"])
    return [case["path"], case["runtime"], str(case["threads"]), *figures, ratio]


def _scaling_plot(record: Record) -> str:
    """Milliseconds over threads, one line per file and runtime."""
    figure, axes = new_plot()
    lines: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for case in record["cases"]:
        key = (case["path"], case["runtime"])
        lines.setdefault(key, []).append((case["threads"], case["inference_ms"]["p50"]))
    for (path, runtime), points in lines.items():
        axes.plot(*zip(*sorted(points), strict=True), "o-", label=f"{path}, {runtime}", alpha=_alpha(record))
    axes.set_yscale("log")
    axes.set_xticks(sorted({case["threads"] for case in record["cases"]}))
    axes.set_xlabel("threads")
    axes.set_ylabel("milliseconds (p50)")
    axes.set_title(_named(record), loc="left")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return to_svg(figure)


def accuracy_section(records: Sequence[Record]) -> str:
    """Accuracy, with the latency of the same model files if it was measured."""
    found = [(record, *_accuracy(record)) for record in of(records, "accuracy")]
    if not found:
        return ""
    rows, points = [], []
    for record, what, value in found:
        names = ", ".join(model["file"] for model in record["models"])
        timed = _latency_of(records, [model["sha256"] for model in record["models"]])
        said = "–" if timed is None else f"{timed[1]:.2f} ms, {_named(timed[0])}"
        rows.append([names, f"{record['data']}, {record['split']}", what, f"{value['value']:.1%}", said])
        if timed:
            points.append((timed[1], value, names, timed[0]))
    header = ["models", "data", "figure", "value", "latency (p50) of the same files"]
    section = heading("Accuracy") + table(header, rows)
    return section + (_accuracy_plot(points) if points else "")


def _accuracy(record: Record) -> tuple[str, Mapping[str, Any]]:
    if record["data"] == CLASSIFIER.dataset:
        return "characters right", record["accuracy"]
    return "plates read exactly", record["reading"]["exact_match"]


def _latency_of(records: Sequence[Record], hashes: Sequence[str]) -> tuple[Record, float] | None:
    """Record and latency of the same files: of a frame with a plate for two files, of an inference for one."""
    for record in of(records, "frames"):
        if {model["sha256"] for model in record["models"]} == set(hashes):
            return record, record["shares"][-1]["stages_ms"]["whole"]["p50"]
    for record in of(records, "latency"):
        for case in record["cases"]:
            if [case["sha256"]] == list(hashes) and case["threads"] == 1:
                return record, case["inference_ms"]["p50"]
    return None


def _accuracy_plot(points: Sequence[tuple[float, Mapping[str, Any], str, Record]]) -> str:
    figure, axes = new_plot()
    for ms, value, names, record in points:
        low, high = value["interval"]
        bars = [[value["value"] - low], [high - value["value"]]]
        axes.errorbar(ms, value["value"], yerr=bars, fmt="o", capsize=3, alpha=_alpha(record))
        axes.annotate(f"{names}, {_named(record)}", (ms, value["value"]), (5, 5), textcoords="offset points")
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds (p50)")
    axes.set_ylabel("right, with 95 % interval")
    return to_svg(figure)


def parity_section(records: Sequence[Record]) -> str:
    """Agreement of every runtime's inputs, integers and texts with the reference's."""
    parts = []
    for record in of(records, "parity"):
        ran = [(one, found) for one in record["runtimes"] for found in one["integers"]]
        rows = [
            [f"{one['runtime']} {one['version']}", found["kind"], str(found["integers"])]
            + [f"{found[key] / found['integers']:.2%}" for key in ("equal", "one_step", "more")]
            + [f"{found['most_steps']:g}", _answers(one, found["kind"])]
            for one, found in ran
        ]
        header = ["runtime", "network", "integers", "equal", "one step", "more", "most steps", "same answers"]
        text = f"{record['board']}, compared with {record['reference']}. {_inputs(record)}"
        parts.append(paragraph(text) + table(header, rows, len(rows) * _reasons([record])))
        parts.append(_parity_plot(ran) if is_valid(record) else "")
    return heading("Parity") + "".join(parts) if parts else ""


def _inputs(record: Record) -> str:
    """A sentence on equal network inputs, made from the same pictures on both machines."""
    found = [
        f"{one['kind']} {one['equal'] / one['integers']:.2%}" for one in record.get("inputs", []) if one["integers"]
    ]
    return f"Equal bytes of the inputs, made here of the same pictures: {', '.join(found)}." if found else ""


def _answers(one: Mapping[str, Any], kind: str) -> str:
    """Equal texts or labels; texts depend on detector and reader, so they are in the reader's row."""
    answers = one.get(MODEL_TYPES[kind].answers or "")
    return f"{answers['same']} of {answers['pictures']}" if answers else "–"


def _parity_plot(ran: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> str:
    figure, axes = new_plot(height=1.0 + 0.3 * len(ran))
    start = [0.0] * len(ran)
    for key, label, colour in (("equal", "equal", "C2"), ("one_step", "one step", "C8"), ("more", "more", "C3")):
        shares = [100 * found[key] / found["integers"] for _, found in ran]
        axes.barh(range(len(ran)), shares, left=start, label=label, color=colour)
        start = [a + b for a, b in zip(start, shares, strict=True)]
    axes.set_yticks(range(len(ran)), [f"{one['runtime']}, {found['kind']}" for one, found in ran])
    axes.set_xlabel("% of integers")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return to_svg(figure)
