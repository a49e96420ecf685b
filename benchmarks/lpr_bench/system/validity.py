"""Validity of a measurement: limits on load, throttling, noise and drift, and reasons for invalidity."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray

OTHERS_LIMIT = 0.25
"""Maximum load of other processes in cores: that of an idle desktop; half a core shifts latencies."""
STOLEN_LIMIT = 0.05
"""Maximum stolen time of a virtual machine in cores."""
SPREAD_LIMIT = 0.25
"""Maximum interquartile range of values, relative to the median of the same picture."""
DRIFT_LIMIT = 0.10
"""Maximum relative difference of the medians of both halves of a series."""
HOT_CELSIUS = 80.0
"""Temperature from which a Raspberry Pi throttles."""
THROTTLED_NOW = 0xF
"""Bits of `vcgencmd get_throttled`: low voltage, frequency capped, throttled, too warm."""
MIN_FRAMES = 200
"""Of each share of frames with a plate, in all processes."""
MIN_ROUNDS = 30
"""Of each case in all: an interval of the median of fewer says little."""
SINCE_BOOT = 16
"""Shift of the same bits that stay set until the next boot."""


def describe_validity(faults: Sequence[str]) -> dict[str, Any]:
    """A record's `validity`."""
    return {"valid": not faults, "invalid_because": list(faults)}


def is_valid(record: Mapping[str, Any]) -> bool:
    """Whether a record is valid: it is marked so, and its raw values confirm it."""
    return not record_faults(record)


def why_invalid(record: Mapping[str, Any]) -> str:
    """Reasons for invalidity in one line; empty for a valid record."""
    return "; ".join(record_faults(record))


def record_faults(record: Mapping[str, Any]) -> list[str]:
    """What a record says against itself, and what its raw values say: a verdict in a file can be written by hand."""
    validity = record.get("validity", {})
    said = list(validity.get("invalid_because", [] if validity.get("valid") else ["it says nothing of its validity"]))
    if not validity.get("valid", False) and not said:
        said = ["it says so, and not why"]
    return list(dict.fromkeys([*said, *_measured_faults(record)]))


def _measured_faults(record: Mapping[str, Any]) -> list[str]:
    try:
        faults = machine_faults(record["machine"]) if "machine" in record else []
        if record.get("benchmark") == "frames":
            faults += frame_faults(record["shares"], record["period"])
        if record.get("benchmark") == "latency":
            faults += reference_faults(record)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        return [f"its raw values can't be checked ({error!r})"]
    return faults


def frame_faults(shares: Sequence[Mapping[str, Any]], period: int) -> list[str]:
    """Faults of the series of whole frames; noise is checked per process.

    Args:
        shares: each with `share_with_plate` and `processes`, whose `whole` are milliseconds a frame.
        period: after how many frames the same ones come again.
    """
    faults = []
    for share in shares:
        name = f"plate in {share['share_with_plate']:.0%}"
        series = [process["whole"] for process in share["processes"]]
        count = sum(map(len, series))
        if count < MIN_FRAMES:
            faults.append(f"{name}: {count} frames are too few; {MIN_FRAMES} are needed")
        found = [series_faults(name, values, 2 * period, period) for values in series]
        # One noisy process of several is acceptable.
        if sum(map(bool, found)) * 2 > len(found):
            faults += next(reasons for reasons in found if reasons)
    return faults


def case_faults(case: Mapping[str, Any]) -> list[str]:
    """Faults of one latency case: those recorded, or those of its raw values."""
    pooled = [value for values in case["raw_ms"] for value in values]
    return list(case["faults"]) or series_faults(str(case["path"]), pooled, MIN_ROUNDS)


def reference_faults(record: Mapping[str, Any]) -> list[str]:
    """Faults of the reference case, which make every ratio invalid."""
    name = record["reference"]
    reference = [case for case in record["cases"] if all(case[key] == value for key, value in name.items())]
    return case_faults(reference[0])


def machine_faults(observed: Mapping[str, Any]) -> list[str]:
    """Faults by the machine's state and by other processes."""
    during, before, after = observed["during"], observed["state_before"], observed["state_after"]
    faults = []
    if (during["other_cores"] or 0.0) > OTHERS_LIMIT:
        names = ", ".join(process["name"] for process in during["busy_processes"]) or "unknown processes"
        faults.append(f"others used {during['other_cores']:.2f} cores ({names}); the limit is {OTHERS_LIMIT}")
    if (during["stolen_cores"] or 0.0) > STOLEN_LIMIT:
        faults.append(f"the host took {during['stolen_cores']:.2f} cores; the limit is {STOLEN_LIMIT}")
    if was_throttled(before["throttled"], after["throttled"]):
        faults.append(f"the board throttled (get_throttled {after['throttled']:#x}): cool it, or feed it better")
    if max(before["temperature_celsius"] or 0.0, after["temperature_celsius"] or 0.0) >= HOT_CELSIUS:
        faults.append(f"the processor reached {HOT_CELSIUS:.0f} degrees")
    return faults


def was_throttled(before: int | None, after: int | None) -> bool:
    """Whether a board was throttled at one of two readings, or for the first time between them."""
    if before is None or after is None:
        return False
    new_since = (after >> SINCE_BOOT) & ~(before >> SINCE_BOOT) & THROTTLED_NOW
    return bool((before | after) & THROTTLED_NOW or new_since)


def series_faults(name: str, values: Sequence[float], least: int, period: int = 1) -> list[str]:
    """Faults of a series of latencies: too few values, noise, drift.

    Args:
        name: of the series in the messages.
        values: in order of measurement.
        least: minimum number of values.
        period: number of values after which the pictures repeat; differences between pictures are no noise.
    """
    if len(values) < least:
        return [f"{name}: {len(values)} runs are too few; {least} are needed"]
    relative = relative_to_median(values, period)
    spread = float(np.subtract(*np.percentile(relative, (75, 25))))
    drift = abs(float(np.median(relative[len(relative) // 2 :]) / np.median(relative[: len(relative) // 2])) - 1)
    faults = [f"{name}: the middle half spans {spread:.0%}; the limit is {SPREAD_LIMIT:.0%}"] * (spread > SPREAD_LIMIT)
    return faults + [f"{name}: the second half differs by {drift:.0%}; the limit is {DRIFT_LIMIT:.0%}"] * (
        drift > DRIFT_LIMIT
    )


def relative_to_median(values: Sequence[float], period: int) -> AnyArray:
    """(N,) float64: each value divided by the median of the same picture's values."""
    numbers = np.asarray(values, np.float64)
    places = np.arange(len(numbers)) % period
    medians = np.array([np.median(numbers[places == place]) for place in range(min(period, len(numbers)))])
    return np.asarray(numbers / np.maximum(medians[places], 1e-12))
