"""Is a measurement good enough to be quoted? The limits, and what is said where one is passed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lpr_edge.contract.arrays import AnyArray

OTHERS_LIMIT = 0.25
"""Cores that others may use meanwhile: a quarter is a desktop at rest; from half on, latencies were seen to shift."""
STOLEN_LIMIT = 0.05
"""Cores' worth of time that a host may take from a virtual machine."""
SPREAD_LIMIT = 0.25
"""Most that the middle half of the values, taken beside what the same picture takes, may span."""
DRIFT_LIMIT = 0.10
"""Most that the medians of the first and second half may differ; MLPerf Mobile replicates within 5 %."""
HOT_CELSIUS = 80.0
"""From here on a Raspberry Pi's cores slow down."""
THROTTLED_NOW = 0xF
"""Bits of `vcgencmd get_throttled`: low voltage, frequency capped, throttled, too warm."""
MIN_FRAMES = 200
"""Of each share of frames with a plate, in all processes."""
MIN_ROUNDS = 30
"""Of each case in all: an interval of the median of fewer says little."""
SINCE_BOOT = 16
"""The same bits, this many places higher, stay set from their first time until the next boot."""


def describe_validity(faults: Sequence[str]) -> dict[str, Any]:
    """A record's `validity`."""
    return {"valid": not faults, "invalid_because": list(faults)}


def is_valid(record: Mapping[str, Any]) -> bool:
    """Tell whether a record may be quoted; one that doesn't say so, or whose raw values say otherwise, may not."""
    return not record_faults(record)


def why_invalid(record: Mapping[str, Any]) -> str:
    """The reasons in one line; empty where it is valid."""
    return "; ".join(record_faults(record))


def record_faults(record: Mapping[str, Any]) -> list[str]:
    """What a record says against itself, and what its raw values say: a verdict in a file can be written by hand."""
    told = record.get("validity", {})
    said = list(told.get("invalid_because", [] if told.get("valid") else ["it says nothing of its validity"]))
    if not told.get("valid", False) and not said:
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
        return [f"its raw values can't be judged ({error!r})"]
    return faults


def frame_faults(shares: Sequence[Mapping[str, Any]], period: int) -> list[str]:
    """What the whole frames' series say against themselves; noise is judged process by process.

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
        # One restless process of several is what the several are for.
        if sum(map(bool, found)) * 2 > len(found):
            faults += next(reasons for reasons in found if reasons)
    return faults


def case_faults(case: Mapping[str, Any]) -> list[str]:
    """What is said against one case of the latencies, and what its raw values say."""
    pooled = [value for values in case["raw_ms"] for value in values]
    return list(case["faults"]) or series_faults(str(case["path"]), pooled, MIN_ROUNDS)


def reference_faults(record: Mapping[str, Any]) -> list[str]:
    """A restless case is marked by itself; a restless reference spoils every ratio."""
    name = record["reference"]
    reference = [case for case in record["cases"] if all(case[key] == value for key, value in name.items())]
    return case_faults(reference[0])


def machine_faults(observed: Mapping[str, Any]) -> list[str]:
    """What the machine's state and company say against a measurement."""
    during, before, after = observed["during"], observed["state_before"], observed["state_after"]
    faults = []
    if (during["other_cores"] or 0.0) > OTHERS_LIMIT:
        names = ", ".join(process["name"] for process in during["busy_processes"]) or "not told apart"
        faults.append(f"others used {during['other_cores']:.2f} cores ({names}); the limit is {OTHERS_LIMIT}")
    if (during["stolen_cores"] or 0.0) > STOLEN_LIMIT:
        faults.append(f"the host took {during['stolen_cores']:.2f} cores; the limit is {STOLEN_LIMIT}")
    if was_throttled(before["throttled"], after["throttled"]):
        faults.append(f"the board throttled (get_throttled {after['throttled']:#x}): cool it, or feed it better")
    if max(before["temperature_celsius"] or 0.0, after["temperature_celsius"] or 0.0) >= HOT_CELSIUS:
        faults.append(f"the processor reached {HOT_CELSIUS:.0f} degrees")
    return faults


def was_throttled(before: int | None, after: int | None) -> bool:
    """Tell from two readings whether a board was throttled at either, or for the first time between them."""
    if before is None or after is None:
        return False
    new_since = (after >> SINCE_BOOT) & ~(before >> SINCE_BOOT) & THROTTLED_NOW
    return bool((before | after) & THROTTLED_NOW or new_since)


def series_faults(name: str, values: Sequence[float], least: int, period: int = 1) -> list[str]:
    """What a series of latencies says against itself.

    Args:
        name: what the reasons call it.
        values: in the order they were taken.
        least: how many there must be.
        period: after how many values the same pictures come again: what differs from picture to picture is no noise.
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
    """Each value beside the median of those of the same picture: 1.0 is as usual."""
    numbers = np.asarray(values, np.float64)
    places = np.arange(len(numbers)) % period
    medians = np.array([np.median(numbers[places == place]) for place in range(min(period, len(numbers)))])
    return np.asarray(numbers / np.maximum(medians[places], 1e-12))
