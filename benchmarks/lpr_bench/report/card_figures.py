"""Tables of figures on a model card: detection, reading, and the groups that do worst."""

from collections.abc import Mapping, Sequence
from typing import Any

from lpr_bench.accuracy.detection_report import MIN_WIDTH
from lpr_edge.contract.metrics import WIDTH_BANDS, width_band, wilson_interval

Result = Mapping[str, Any]


def detection_table(result: Result) -> list[str]:
    """Recall and precision, by width of the plate, and by source where there are several."""
    shares = [["recall, legible plates", share_text(result["recall"])], ["precision", share_text(result["precision"])]]
    lines = markdown_table(["", "figure"], [*shares, *_recall_rows(result)])
    if len(result["detection_by_source"]) > 1:
        lines += ["", *_source_table(result)]
    return lines


def _source_table(result: Result) -> list[str]:
    """Recall, precision and overlap of each source of photographs."""
    wide = f"recall, >= {MIN_WIDTH:.0%} wide"
    rows = [
        [
            name,
            share_text(one["recall_of_wide"]),
            share_text(one["precision"]),
            *map(_overlap, (one["mean_iou_of_found"], one["mean_iou_of_found_leaning"])),
        ]
        for name, one in {"all": result, **result["detection_by_source"]}.items()
    ]
    return markdown_table(["source", wide, "precision", "mean IoU of found", "of those that lean"], rows)


def _overlap(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def with_interval_note(intro: str, result: Result) -> list[str]:
    """An introduction, and which intervals the brackets in the figures are."""
    return [f"{intro} Brackets: 95 % intervals (Wilson; for CER bootstrap over plates). Split `{result['split']}`."]


def _recall_rows(result: Result) -> list[list[str]]:
    """Recall by width of plates that are at least partly legible."""
    wanted = plates_to_find(result)
    rows = []
    for band in WIDTH_BANDS:
        found = [plate["iou"] is not None for plate in wanted if width_band(plate["width_px"]) == band]
        if found:
            rows.append([f"recall, {band}", counts_text(sum(found), len(found))])
    return rows


def plates_to_find(result: Result) -> list[Mapping[str, Any]]:
    """Plates that count in recall: see `PlateOutcome.is_to_find`."""
    plates = [plate for plate in result["plates"] if plate["legible"] != "none"]
    return [plate for plate in plates if plate["place"]["has_corners"] and not plate["place"]["is_crop"]]


def reading_table(result: Result, traits: Sequence[str] = ()) -> list[str]:
    """Exact match and CER: of all plates, by traits, and by script."""
    groups = [("all", result["reading"]), ("of those found", result["reading_of_found"])]
    groups += [(name, group) for trait in traits for name, group in result[f"by_{trait}"].items()]
    groups += [(f"{kind} script", group) for kind, group in result["by_kind"].items()]
    return markdown_table(["plates", "read exactly", "CER"], [[name, *_reading_cells(group)] for name, group in groups])


def _reading_cells(group: Mapping[str, Any]) -> list[str]:
    errors, interval = group["character_error_rate"], group.get("character_error_rate_interval")
    text = "–" if errors is None else f"{errors:.1%}" + (f" [{interval[0]:.0%}–{interval[1]:.0%}]" if interval else "")
    return [share_text(group["exact_match"]), text]


def worst_groups(result: Result) -> list[str]:
    """Every group of plates, in ascending order of exact match."""
    traits = ("rows", "width", "form", "colour", "blur")
    groups = [(f"{trait}: {name}", group) for trait in traits for name, group in result[f"by_{trait}"].items()]
    groups.sort(key=lambda item: item[1]["exact_match"]["value"])
    rows = [[name, share_text(group["recall"]), share_text(group["exact_match"])] for name, group in groups]
    return markdown_table(["plates", "found", "read exactly"], rows)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def share_text(share: Mapping[str, Any]) -> str:
    """A share of a result file as text, with counts and interval."""
    return counts_text(share["successes"], share["count"])


def counts_text(successes: int, count: int) -> str:
    """A share as text, with counts and interval."""
    if not count:
        return "–"
    low, high = wilson_interval(successes, count)
    return f"{successes / count:.1%}, {successes} of {count} [{low:.0%}–{high:.0%}]"
