"""The report's sections on roofline, stress, and projections for other boards."""

from collections.abc import Sequence

from lpr_bench.base.results import Record
from lpr_bench.report.report_sections import of
from lpr_bench.roofline.known_networks import BOARDS
from lpr_bench.roofline.projection import Projected, check_projection, project, worst_factor
from lpr_bench.roofline.targets import criterion_rows
from lpr_bench.system.validity import is_valid, why_invalid
from lpr_edge.contract.report.html_page import heading, new_plot, paragraph, table, to_svg

NOT_MEASURED = (
    "PROJECTION, not a measurement: nobody ran lpr on these boards. Multiply-adds of each network, divided by what "
    "known networks were published to reach on the board with one thread."
)


def limits_section(records: Sequence[Record]) -> str:
    """Share of the peak, time per step, and acceptance criteria."""
    parts = []
    for record in of(records, "limits"):
        reason = "" if is_valid(record) else why_invalid(record)
        peaks = ", ".join(f"{p} {peak['multiply_adds_a_second'] / 1e9:.0f}" for p, peak in record["peaks"].items())
        text = f"{record['board']}: measured peak in G multiply-adds a second, LiteRT: {peaks}."
        rows = [
            [
                n["file"],
                f"{n['multiply_adds'] / 1e6:.1f}",
                f"{n['bytes_moved'] / 1e6:.2f}",
                f"{n['ms']:.3f}",
                f"{n['multiply_adds_a_second'] / 1e9:.1f}",
                f"{n['share_of_peak']:.0%}",
            ]
            for n in record["networks"]
        ]
        header = ["network", "M multiply-adds", "MB moved", "ms", "G a second", "of peak"]
        parts.append(paragraph(text) + table(header, rows, [reason] * len(rows)) + _steps_plot(record))
        bars = criterion_rows(record["bars"])
        parts.append(table(["criterion", "measured", "limit", "result"], bars, [reason] * len(bars)))
    return heading("How close to the limit") + "".join(parts) if parts else ""


def _steps_plot(record: Record) -> str:
    steps = {step: ms for step, ms in record["profile"]["steps_ms"].items() if step != "whole"}
    figure, axes = new_plot(height=1.0 + 0.3 * len(steps))
    axes.barh(list(steps), list(steps.values()), color=["C0", *["C1"] * (len(steps) - 1)])
    axes.invert_yaxis()
    mark = "" if is_valid(record) else " (INVALID)"
    axes.set_xlabel(f"milliseconds of a frame with one plate, medians{mark}")
    return to_svg(figure)


def stress_section(records: Sequence[Record]) -> str:
    """Frames per second, temperature and memory over time."""
    parts = []
    for record in of(records, "stress"):
        if not record["samples"]:
            continue
        figure, axes = new_plot()
        minutes = [sample["at_s"] / 60 for sample in record["samples"]]
        axes.plot(minutes, [sample["frames_per_second"] for sample in record["samples"]], label="frames/s")
        for key, label in (("temperature_celsius", "°C"), ("memory_mb", "MB")):
            values = [sample[key] for sample in record["samples"]]
            if None not in values:
                axes.plot(minutes, values, label=label)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("minutes")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        mark = "" if is_valid(record) else f" INVALID: {why_invalid(record)}"
        slower = f"The last tenth's median is {record['end_beside_start']:.2f} times the first's."
        text = paragraph(f"{record['board']}, a plate in every frame. {slower}{mark}", "invalid-note" if mark else "")
        parts.append(text + to_svg(figure))
    return heading("Under stress") + "".join(parts) if parts else ""


def projection_sections(record: Record) -> list[str]:
    """The page of projections, from one board's limits."""
    checks = check_projection()
    projected = project(record["networks"])
    rows = [[p.board, p.network, f"PROJECTED {p.ms:.1f}", f"{p.low_ms:.1f}–{p.high_ms:.1f}"] for p in projected]
    checked = [
        [c.board, c.network, f"{c.published_ms:.1f}", f"{c.projected_ms:.1f}", f"{100 * (c.factor - 1):+.0f} %"]
        for c in checks
    ]
    worst = max(worst_factor(check.board, checks) for check in checks)
    boards = dict.fromkeys(p.board for p in projected)
    errors = "; ".join(f"{board}: ×{worst_factor(board, checks):.2f}" for board in boards)
    invalid = (
        []
        if is_valid(record)
        else [paragraph(f"The shares of the peak are INVALID: {why_invalid(record)}", "invalid-note")]
    )
    return [
        paragraph(NOT_MEASURED, "projection"),
        *invalid,
        heading("PROJECTED milliseconds of one inference, one thread"),
        table(["board (PROJECTION)", "network", "ms", "range"], rows),
        _projection_plot(projected),
        paragraph(
            f"The range's lower end is the worst error below ({errors}; for a board with one published figure that of "
            "the others). Its upper end also takes that a network which reaches a smaller share of the peak on "
            f"{record['board']} than the best one there does so on the board. What else a frame takes is left out."
        ),
        heading("The error of this way, on networks whose figures are published"),
        paragraph("Each projected from the other networks of its board, multiply-adds alone."),
        table(["board", "network", "published ms", "PROJECTED ms", "error"], checked),
        paragraph(f"At worst the projection is off by a factor of {worst:.2f}."),
        paragraph("Published figures: " + "; ".join(_sources())),
    ]


def _sources() -> list[str]:
    return [f"{board.name}: {board.source}" for board in BOARDS]


def _projection_plot(projections: Sequence[Projected]) -> str:
    figure, axes = new_plot(height=0.8 + 0.28 * len(projections))
    for number, one in enumerate(projections):
        axes.plot([one.low_ms, one.high_ms], [number] * 2, color="C1", linewidth=4, alpha=0.4, solid_capstyle="butt")
        axes.plot(one.ms, number, "D", color="C1")
    axes.set_yticks(range(len(projections)), [f"{one.board.partition(' (')[0]}, {one.network}" for one in projections])
    axes.set_xscale("log")
    axes.set_xlabel("PROJECTED milliseconds, one thread")
    return to_svg(figure)
