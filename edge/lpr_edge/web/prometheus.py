"""Runtime statistics in Prometheus' text format, version 0.0.4."""

from collections.abc import Iterator, Mapping

from lpr_edge.contract.records import Record

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[str, str, float]
"""What follows the metric's name, its labels, and its value."""


def to_text(stats: Record, total_ms: float, camera_totals_ms: Mapping[str, float] | None = None) -> str:
    """Format a snapshot of `RuntimeStats` for Prometheus; unknown values are left out.

    Args:
        stats: see `RuntimeStats.snapshot`.
        total_ms: what detector and reader took for all frames.
        camera_totals_ms: the same of each camera where there are several, whose figures then have the label `camera`.
    """
    return "".join(f"{line}\n" for line in _lines(stats, total_ms, camera_totals_ms or {}))


def _lines(stats: Record, total_ms: float, camera_totals_ms: Mapping[str, float]) -> Iterator[str]:
    labels = {"version": stats["lpr"], "device": stats["device"], "source": stats["source"], **stats["models"]}
    yield from _metric("lpr_info", "gauge", "What runs.", [("", _labels(labels), 1)])
    yield from _of_update(stats.get("model_update"))
    for name, kind, text, value in _of_device(stats):
        if value is not None:
            yield from _metric(name, kind, text, [("", "", value)])
    cameras: Record = stats.get("cameras") or {"": stats}
    for index, (name, kind, text, _) in enumerate(_of_frames(stats)):
        values = {camera: list(_of_frames(own))[index][3] for camera, own in cameras.items()}
        samples: list[Sample] = [
            ("", _of_camera(camera), value) for camera, value in values.items() if value is not None
        ]
        yield from _metric(name, kind, text, samples)
    latency = [
        sample
        for camera, own in cameras.items()
        for sample in _latency(own, camera_totals_ms.get(camera, total_ms), camera)
    ]
    yield from _metric("lpr_latency_seconds", "summary", "Detector and reader, for each frame.", latency)
    waiting = [("", _labels({"sink": sink}), count) for sink, count in stats["outbox"].items()]
    yield from _metric("lpr_outbox_events", "gauge", "Events that a sink has yet to get.", waiting)
    aside = [("", _labels({"reason": reason}), count) for reason, count in stats["set_aside"].items()]
    text = "Events kept that a sink has refused, or that are damaged."
    yield from _metric("lpr_outbox_set_aside_events", "gauge", text, aside)


def _of_update(update: Record | None) -> Iterator[str]:
    """Metrics of model updates; none if updates are off."""
    if update:
        labels = {key: str(update[key] or "") for key in ("slot", "channel")}
        release = [("", _labels(labels), update["release"] or 0)]
        yield from _metric("lpr_model_release", "gauge", "Of the models that run; 0 for the shipped ones.", release)
        text = "Whether the last check or change of models went wrong."
        yield from _metric("lpr_model_update_failed", "gauge", text, [("", "", int(update["failed"]))])


def _of_frames(stats: Record) -> Iterator[tuple[str, str, str, float | None]]:
    """Metrics of each camera."""
    yield "lpr_frames_total", "counter", "Frames read.", stats["frames"]
    yield "lpr_events_total", "counter", "Events announced.", stats["events"]
    yield "lpr_frames_skipped_ratio", "gauge", "Of frames in which nothing had moved.", stats["skipped_share"]
    yield "lpr_frames_per_second", "gauge", "Over the last 10 s.", stats["fps"]
    yield "lpr_since_frame_seconds", "gauge", "Since the last frame.", stats["since_frame_s"]
    yield "lpr_frame_age_seconds", "gauge", "From grabbed to read, median.", _seconds(stats["frame_age_ms"])


def _of_device(stats: Record) -> Iterator[tuple[str, str, str, float | None]]:
    yield "lpr_uptime_seconds", "gauge", "Since the start.", stats["uptime_s"]
    yield "lpr_temperature_celsius", "gauge", "The hottest of the processor's sensors.", stats["temperature_c"]
    yield "lpr_memory_bytes", "gauge", "Resident set.", stats["memory_mb"] * 1e6
    free_mb = stats["disk_free_mb"]
    yield "lpr_disk_free_bytes", "gauge", "Where events are stored.", None if free_mb is None else free_mb * 1e6


def _seconds(milliseconds: Record | None) -> float | None:
    return None if milliseconds is None else milliseconds["p50"] / 1000


def _latency(stats: Record, total_ms: float, camera: str) -> list[Sample]:
    named = {"camera": camera} if camera else {}
    milliseconds = stats["latency_ms"]
    quantiles = {"0.5": "p50", "0.95": "p95"} if milliseconds else {}
    return [
        *(("", _labels(named | {"quantile": q}), milliseconds[key] / 1000) for q, key in quantiles.items()),
        ("_sum", _of_camera(camera), total_ms / 1000),
        ("_count", _of_camera(camera), stats["frames"]),
    ]


def _of_camera(camera: str) -> str:
    return _labels({"camera": camera}) if camera else ""


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
