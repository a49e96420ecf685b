"""Tables of speed, memory and parity, from the boards' results in benchmarks/results."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.docs.results import BOARDS, Result, board, counted, not_measured, other_networks, rate, table

from lpr_bench.latency.frame_times import format_profile

CLASSIFIERS = "x86-64-vm-classifiers"
RIVALS = "rivals-x86-64-vm"
PUBLISHED = "baseline.float32.tflite"


def frame_rows(repository: Path) -> list[list[str]]:
    """A frame's time, the start and memory, for README's table."""
    record = board(repository, "frames")
    if not record:
        return []
    on, starting = _machine(record), record["starting"]
    empty, full = (record["shares"][place]["stages_ms"]["whole"] for place in (0, -1))
    memory = max(starting["peak_memory_mb"].values())
    return [
        ["a 640×480 frame with a plate", f"{full['p50']:.1f} ms (p50), {full['p99']:.1f} ms (p99)", on],
        ["the same without a plate", f"{empty['p50']:.1f} ms (p50)", "the same"],
        ["start to first reading; most memory", f"{starting['first_reading_s']:.2f} s; {memory:.0f} MB", "the same"],
    ]


def _machine(record: Result) -> str:
    environment = record["environment"]
    threads = record.get("threads", 1)
    return f"{threads} thread{'s' if threads > 1 else ''} of {environment['cpu']}, {environment['architecture']}"


def speed(repository: Path) -> str:
    """Each stage's time by share of frames with a plate."""
    record = board(repository, "frames")
    if not record:
        return not_measured("lpr-bench")
    rows = [
        [f"{stage}, a plate in {share['share_with_plate']:.0%} of frames".replace("%", " %"), *_milliseconds(times)]
        for share in record["shares"]
        for stage, times in share["stages_ms"].items()
        if stage == "whole" or (share["share_with_plate"] == 1 and stage in ("detect", "read"))
    ]
    words = [f"Milliseconds on {_machine(record)}, {_runtime(record)}.", other_networks(record, repository)]
    words += [f"{format_profile(record['profile'])}.".replace("%", " %")] if "profile" in record else []
    return " ".join(filter(None, words)) + "\n\n" + table(["stage", "p50", "p90", "p99"], rows)


def _runtime(record: Result) -> str:
    model = record["models"][0]
    return f"{model['runtime']} {model['runtime_version']}"


def _milliseconds(times: Mapping[str, float]) -> list[str]:
    return [f"{times[name]:.2f}" for name in ("p50", "p90", "p99")]


def runtimes(repository: Path) -> str:
    """Each network in each runtime: time with one thread, and answers compared with LiteRT."""
    latency, parity = board(repository, "latency"), board(repository, "parity")
    if not latency or not parity:
        return not_measured("lpr-bench latency")
    rows = [
        [
            case["path"],
            case["runtime"],
            f"{case['inference_ms']['p50']:.3f}",
            "{:.3g}".format(*case["ratio_to_reference"]),
        ]
        for case in latency["cases"]
        if case["threads"] == 1
    ]
    return "\n\n".join(
        [
            table(["network", "runtime", "p50, ms", "ratio to the first"], rows),
            "The same texts and labels as LiteRT, on rendered pictures:",
            table(
                ["runtime", "integers equal", "largest difference, steps", "same texts", "same labels"], _parity(parity)
            ),
        ]
    )


def _parity(record: Result) -> list[list[str]]:
    rows = []
    for one in record["runtimes"]:
        equal = sum(part["equal"] for part in one["integers"]) / max(
            1, sum(part["integers"] for part in one["integers"])
        )
        most = max((part["most_steps"] for part in one["integers"]), default=0.0)
        cells = [
            f"{one[name]['same']} of {one[name]['pictures']}" if one.get(name) else "–" for name in ("texts", "labels")
        ]
        rows.append([f"{one['runtime']} {one['version']}", rate(equal), f"{most:.0f}", *cells])
    return rows


def emulated(repository: Path) -> str:
    """Parity of emulated ARM boards with x86-64."""
    rows = []
    for path in sorted((repository / BOARDS).glob("arm*-emulated-*.json")):
        record = board(repository, "parity", path.stem)
        if record:
            rows += [[record["board"], *cells] for cells in _parity(record)]
    header = ["emulated board", "runtime", "integers equal", "largest difference, steps", "same texts", "same labels"]
    return table(header, rows)


def targets(repository: Path) -> str:
    """The acceptance criteria, and whether they are met."""
    record = board(repository, "limits")
    if not record:
        return not_measured("lpr-bench roofline")
    rows = [
        [bar["bar"], f"{bar['value']:.3g}", f"{'≥' if bar['at_least'] else '≤'} {bar['limit']:g}", _yes(bar["reached"])]
        for bar in record["bars"]
    ]
    return table(["criterion", "measured", "wanted", "met"], rows)


def _yes(is_met: bool) -> str:
    return "yes" if is_met else "no"


def classifiers(repository: Path) -> str:
    """The shipped classifier and the article's network: size and time in each runtime."""
    record = board(repository, "latency", CLASSIFIERS)
    if not record:
        return not_measured("lpr-bench latency --models A.tflite B.tflite --reference B.tflite")
    sizes = {model["file"]: model["bytes"] for model in record["models"]}
    rows = [_classifier_row(case, sizes) for case in record["cases"] if case["threads"] == 1]
    return f"On {_machine(record)}.\n\n" + table(
        ["file", "kB", "runtime", "p50, ms", f"time as a share of {PUBLISHED} in LiteRT"], rows
    )


def _classifier_row(case: Mapping[str, Any], sizes: Mapping[str, int]) -> list[str]:
    ratio = "{:.3g} [{:.3g}–{:.3g}]".format(*case["ratio_to_reference"])
    size = f"{sizes[case['path']] / 1000:,.0f}"
    return [case["path"], size, case["runtime"], f"{case['inference_ms']['p50']:.3f}", ratio]


def rivals(repository: Path) -> str:
    """Readers and networks beside lpr's."""
    reading, times = board(repository, "rivals", RIVALS), board(repository, "rivals-speed", RIVALS)
    if not reading or not times:
        return not_measured("make rivals DATA=DIR")
    readers = [
        [one["name"], counted(one["exact_match"]), rate(one["character_error_rate"])] for one in reading["readers"]
    ]
    networks = [
        [case["name"], case["precision"], case["runtime"], f"{case['inference_ms']['p50']:.2f}", _size(case)]
        for case in times["cases"]
    ]
    minutes = {name: one["cpu_seconds"] / 60 for name, one in reading["trained"].items()}
    trained = ", ".join(f"{name} {value:.0f} minutes" for name, value in minutes.items())
    return "\n\n".join(
        [
            f"Rectified plates of the test split. Processor time of the short trainings: {trained}.",
            table(["reader", "read exactly", "CER"], readers),
            table(["network", "precision", "runtime", "p50, ms", "kB; parameters; multiply-adds"], networks),
        ]
    )


def _size(case: Mapping[str, Any]) -> str:
    adds = f"{case['multiply_adds'] / 1e6:,.0f} M" if case["multiply_adds"] else "–"
    return f"{case['bytes'] / 1000:,.0f}; {case['parameters']:,}; {adds}"
