"""Tables of streams, and of what is projected onto boards that nobody measured."""

from pathlib import Path

from tools.docs.results import MACHINE, board, not_measured, other_networks, table

from lpr_bench.roofline.projection import check_projection, project, worst_factor
from lpr_bench.system.validity import is_valid, why_invalid

STREAMS = f"{MACHINE}-streams"


def streams(repository: Path) -> str:
    """Frames of 1280×720 by share with a plate, and streams at once."""
    record = board(repository, "streams", STREAMS)
    if not record:
        return not_measured("lpr-bench streams")
    # Other processes make the wall clock's times longer, and hardly the processor's own.
    clock = (lambda text: text) if is_valid(record) else (lambda _: "INVALID")
    single = [
        [_percent(one["share_with_plate"]), clock(f"{one['whole_ms']['p50']:.2f}"), *_processor(one["cpu_ms_a_frame"])]
        for one in record["shares"]
    ]
    several = [
        [
            str(one["streams"]),
            clock(f"{one['frames_per_second']:.0f}"),
            f"{one['cpu_ms_a_frame']:.2f}",
            _percent(one["skipped"]),
        ]
        for one in record["streams"]
    ]
    threads = f"{record['threads']} thread{'s' if record['threads'] > 1 else ''}"
    words = [
        f"{threads} of {record['environment']['cpu']}, {record['environment']['architecture']}.",
        "" if is_valid(record) else f"Times of the wall clock are invalid: {why_invalid(record)}.",
        other_networks(record, repository),
    ]
    return "\n\n".join(
        [
            " ".join(filter(None, words)),
            table(["frames with a plate", "p50, ms", "processor, ms a frame", "frames a processor second"], single),
            table(["streams", "frames a second", "processor, ms a frame", "frames skipped"], several),
        ]
    )


def projected(repository: Path) -> str:
    """Each shipped network's time on boards, by multiply-adds."""
    record = board(repository, "limits")
    if not record:
        return not_measured("lpr-bench roofline")
    checks = check_projection()
    rows = [
        [
            one.board,
            one.network,
            f"{one.ms:.1f}",
            f"{one.low_ms:.1f}–{one.high_ms:.1f}",
            f"×{worst_factor(one.board, checks):.2f}",
        ]
        for one in project(record["networks"])
    ]
    header = ["board", "network", "projected ms", "range", "worst error on known networks"]
    return "Projections, no measurements: one inference, one thread, the whole input.\n\n" + table(header, rows)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _processor(ms: float) -> tuple[str, str]:
    """Milliseconds of the processor that a frame takes, and frames a second of it."""
    return f"{ms:.2f}", f"{1000 / ms:.0f}"
