"""Runtime statistics in Prometheus' text format, version 0.0.4."""

from collections.abc import Iterator

from lpr_edge.contract.records import Record

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[str, str, float]
"""What follows the metric's name, its labels, and its value."""


def to_text(stats: Record, total_ms: float) -> str:
    """A snapshot of `RuntimeStats` as Prometheus reads it; what the device doesn't know is left out.

    Args:
        stats: see `RuntimeStats.snapshot`.
        total_ms: what detector and reader took for all frames.
    """
    return "".join(f"{line}\n" for line in _lines(stats, total_ms))


def _lines(stats: Record, total_ms: float) -> Iterator[str]:
    labels = {"version": stats["lpr"], "device": stats["device"], "source": stats["source"], **stats["models"]}
    yield from _metric("lpr_info", "gauge", "What runs.", [("", _labels(labels), 1)])
    for name, kind, text, value in _single(stats):
        if value is not None:
            yield from _metric(name, kind, text, [("", "", value)])
    latency = [*_quantiles(stats["latency_ms"]), ("_sum", "", total_ms / 1000), ("_count", "", stats["frames"])]
    yield from _metric("lpr_latency_seconds", "summary", "Detector and reader, for each frame.", latency)
    waiting = [("", _labels({"sink": sink}), count) for sink, count in stats["outbox"].items()]
    yield from _metric("lpr_outbox_events", "gauge", "Events that a sink has yet to get.", waiting)
    aside = [("", _labels({"reason": reason}), count) for reason, count in stats["set_aside"].items()]
    text = "Events kept that a sink has refused, or that are damaged."
    yield from _metric("lpr_outbox_set_aside_events", "gauge", text, aside)


def _single(stats: Record) -> Iterator[tuple[str, str, str, float | None]]:
    yield "lpr_uptime_seconds", "gauge", "Since the start.", stats["uptime_s"]
    yield "lpr_frames_total", "counter", "Frames read.", stats["frames"]
    yield "lpr_events_total", "counter", "Events announced.", stats["events"]
    yield "lpr_frames_per_second", "gauge", "Over the last 10 s.", stats["fps"]
    yield "lpr_since_frame_seconds", "gauge", "Since the last frame.", stats["since_frame_s"]
    yield "lpr_frame_age_seconds", "gauge", "From grabbed to read, median.", _seconds(stats["frame_age_ms"])
    yield "lpr_temperature_celsius", "gauge", "The hottest of the processor's sensors.", stats["temperature_c"]
    yield "lpr_memory_bytes", "gauge", "Resident set.", stats["memory_mb"] * 1e6
    free_mb = stats["disk_free_mb"]
    yield "lpr_disk_free_bytes", "gauge", "Where events are stored.", None if free_mb is None else free_mb * 1e6


def _seconds(milliseconds: Record | None) -> float | None:
    return None if milliseconds is None else milliseconds["p50"] / 1000


def _quantiles(milliseconds: Record | None) -> list[Sample]:
    named = {"0.5": "p50", "0.95": "p95"} if milliseconds else {}
    return [("", _labels({"quantile": q}), (milliseconds or {})[key] / 1000) for q, key in named.items()]


def _metric(name: str, kind: str, text: str, samples: list[Sample]) -> Iterator[str]:
    if samples:
        yield f"# HELP {name} {text}"
        yield f"# TYPE {name} {kind}"
    for suffix, labels, value in samples:
        yield f"{name}{suffix}{labels} {value:.10g}"


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
