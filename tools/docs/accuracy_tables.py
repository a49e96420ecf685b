"""Tables of what is found and read, from the results of `lpr-bench accuracy` in benchmarks/results/accuracy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.docs.results import NOTE, Result, accuracy, counted, not_measured, rate, table
from tools.docs.speed_tables import frame_rows
from tools.docs.visits_table import once_and_right, visits_result

MEASURE = "lpr-bench accuracy --data DIR --split test"
MEASURE_FOLDS = "make folds DATA=DIR"


def expect(repository: Path) -> str:
    """README's table: plates that training hasn't seen, and speed."""
    rows = []
    if plates := accuracy(repository, "plates"):
        of = f"{plates['photos']} photographs of the test split"
        reported = plates["reported"]
        sure = f"confidence ≥ {reported['min_confidence']:g}, the default for photographs"
        rows += [
            ["plates reported by default, read right", counted(reported["right_of_legible"]), f"fully legible; {sure}"],
            ["right ones among those reported", counted(reported["right_of_reported"]), "every reading; the same"],
            ["plates found (IoU ≥ 0.5, at least partly legible)", counted(plates["recall"]), of],
            ["detections that are such a plate (precision)", counted(plates["precision"]), of],
            ["plates read exactly, best guess", counted(plates["reading"]["exact_match"]), "fully legible"],
            ["the same, plates 80 pixels wide or more", _wide(plates), "fully legible"],
        ]
    if folds := accuracy(repository, "folds"):
        of = "training photographs, each by networks that hadn't seen it"
        rows.append(["plates read exactly, cross-validated", counted(folds["reading"]["exact_match"]), of])
    if characters := accuracy(repository, "characters"):
        rows.append(["single characters", counted(characters["accuracy"]), "published validation split"])
    if (played := visits_result(repository)) and (share := once_and_right(played, "approach")):
        of = "clips of vehicles that drive up, made of photographs of the test split"
        rows.append(["vehicles reported once, with the right plate", share, of])
    rows += frame_rows(repository)
    return table(["what", "figure", "measured on"], rows) + f"\n\n{NOTE}"


def _wide(plates: Result) -> str:
    group = plates["by_width"].get("all >= 80 px")
    return counted(group["exact_match"]) if group else "–"


def detection(repository: Path) -> str:
    """Recall, precision and overlap by source of the photographs."""
    plates = accuracy(repository, "plates")
    if not plates:
        return not_measured(MEASURE)
    groups = {"all": plates, **plates["detection_by_source"]}
    rows = [
        [name, counted(one["recall"]), counted(one["precision"]), _overlap(one["mean_iou_of_found"])]
        for name, one in groups.items()
    ]
    return table(["source", "recall", "precision", "mean IoU of found"], rows) + f"\n\n{NOTE}"


def _overlap(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def reading(repository: Path) -> str:
    """Exact readings and CER of whole photographs, by every trait."""
    plates = accuracy(repository, "plates")
    return f"{_reading_tables(plates)}\n\n{NOTE}" if plates else not_measured(MEASURE)


def folds(repository: Path) -> str:
    """The same, cross-validated over the training photographs."""
    result = accuracy(repository, "folds")
    if not result:
        return not_measured(MEASURE_FOLDS)
    found = f"Found: {counted(result['recall'])}. Precision: {counted(result['precision'])}."
    return f"{found}\n\n{_reading_tables(result)}\n\n{NOTE}"


TRAITS = ("source", "rows", "width", "form", "colour", "blur")


def _reading_tables(result: Result) -> str:
    groups: dict[str, Mapping[str, Any]] = {"all": result["reading"], "those found": result["reading_of_found"]}
    groups |= {f"{trait}: {name}": one for trait in TRAITS for name, one in result.get(f"by_{trait}", {}).items()}
    groups |= {f"script: {name}": one for name, one in result["by_kind"].items()}
    return table(["fully legible plates", "read exactly", "CER"], _reading_rows(groups))


def _reading_rows(groups: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    return [
        [name, counted(group["exact_match"]), rate(group["character_error_rate"])]
        for name, group in groups.items()
        if group["exact_match"]["count"]
    ]


def crops(repository: Path) -> str:
    """Exact readings of plate crops at given corners, and of whole crops."""
    plates = accuracy(repository, "plates")
    if not plates or "crops" not in plates:
        return not_measured(MEASURE)
    part = plates["crops"]
    groups = {"all": part["reading"], "by `lpr-edge --crops`, corners unknown": part["reading_of_uncut"]}
    groups |= {f"{trait}: {name}": one for trait in ("rows", "form") for name, one in part[f"by_{trait}"].items()}
    return table(["plate crops", "read exactly", "CER"], _reading_rows(groups)) + f"\n\n{NOTE}"


def rendered(repository: Path) -> str:
    """Rendered frames by condition."""
    result = accuracy(repository, "painted")
    if not result:
        return not_measured("lpr-bench accuracy --rendered")
    rows = [
        [name, counted(one["found"]), counted(one["exact_match"]), str(one["wrong_though_sure"])]
        for name, one in result["kinds"].items()
    ]
    return table(["rendered frames", "found", "read exactly", "wrong at confidence ≥ 0.5"], rows)


def characters(repository: Path) -> str:
    """Single characters, class by class."""
    result = accuracy(repository, "characters")
    if not result:
        return not_measured("lpr-bench accuracy --data DIR --characters")
    groups = {"all": result["accuracy"], **result["by_class"]}
    return table(["class", "right"], [[name, counted(one)] for name, one in groups.items()])


def confidence(repository: Path) -> str:
    """What is right above each threshold, and how much of what is right passes it."""
    parts = []
    titles = {"plates": "Test split", "folds": "Training photographs, cross-validated"}
    for name, title in titles.items():
        if result := accuracy(repository, name):
            at = result["reliability"]["at_min_confidence"]
            rows = [[limit, counted(one["right_of_kept"]), counted(one["kept_of_right"])] for limit, one in at.items()]
            header = ["confidence at least", "right of those", "share of all right readings"]
            parts.append(f"{title}:\n\n{table(header, rows)}")
    return "\n\n".join(parts) or not_measured(MEASURE)


def article(repository: Path) -> str:
    """Validation accuracy over seeds, and what was published."""
    result = accuracy(repository, "article")
    if not result:
        return not_measured("lpr-train article --data DIR --out runs/article")
    figures = {
        "best epoch": ("best", "best"),
        "last epoch": ("last", "last"),
        "best epoch, pictures varied as the article's": ("varied_best", "best"),
        "last epoch, pictures varied as the article's": ("varied_last", "last"),
    }
    rows = [_seed_row(result, title, *keys) for title, keys in figures.items()]
    seeds = [f"seed {run['seed']}" for run in result["runs"]]
    return table(["validation accuracy", "published", *seeds, "mean"], rows)


def _seed_row(result: Result, title: str, key: str, published: str) -> Sequence[str]:
    values = [run[key] for run in result["runs"]]
    return [title, *map(rate, [result["published"][published], *values, sum(values) / len(values)])]
