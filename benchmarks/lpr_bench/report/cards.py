"""Model cards in Markdown, from a model's manifest and results of `lpr-bench accuracy --json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpr_bench.report.card_figures import (
    detection_table,
    markdown_table,
    plates_to_find,
    reading_table,
    share_text,
    with_interval_note,
    worst_groups,
)
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.country import Country
from lpr_edge.contract.data.label_file import TRAINING_SPLIT
from lpr_edge.contract.manifest import Manifest, read_manifest
from lpr_edge.contract.run.model_types import MODEL_TYPES, ModelType

Result = Mapping[str, Any]

NOT_FOR = (
    "Decisions about people without a person looking at the picture: fines, arrests, refused entry. A reading is "
    "evidence of nothing but that a picture looks like it.",
    "Watching people in general, or following a person: a number plate is personal data in many places.",
    "Anything except research: see the licence. For other uses train your own weights.",
    "Plates of other countries, and cameras unlike those of the data, before it was measured there.",
)


@dataclass(frozen=True)
class Shipped:
    """A model file with its result."""

    path: Path
    manifest: Manifest
    result: Result
    """Result of `lpr-bench accuracy` on photographs, or on single characters for a classifier."""

    @property
    def type(self) -> ModelType:
        """Its network's type."""
        return MODEL_TYPES[self.manifest.kind]


@dataclass(frozen=True)
class ExtraResults:
    """Results that not every card has."""

    rendered: Result | None = None
    """Result of `lpr-bench accuracy --rendered`."""
    folds: Result | None = None
    """Result of `lpr-bench accuracy --split train` with the readers, or detectors too, of cross-validations."""

    def __post_init__(self) -> None:
        """Check that the folds were evaluated on held-out photographs only.

        Raises:
            LprError: they were measured on photographs that their readers had seen, or on others than training's.
        """
        if self.folds and (self.folds["split"] != TRAINING_SPLIT or self.folds["seen"]["reader"]):
            raise LprError(
                f"the folds' figures are of the `{self.folds['split']}` split, of which their readers had seen "
                f"{self.folds['seen']['reader']} photographs: measure all folds at once, on --split {TRAINING_SPLIT}"
            )


def open_shipped(path: Path, result: Result) -> Shipped:
    """Open a model file and check that the result is of this file.

    Raises:
        LprError: the file can't be read, or the result is of another one.
    """
    manifest = read_manifest(path)
    digest = file_sha256(path)
    if digest not in {model["sha256"] for model in result.get("models", ())}:
        raise LprError(
            f"the result was measured with another {path.name} (SHA-256 of this one: {digest[:12]}…). "
            "Measure again: lpr-bench accuracy --data DIR --json FILE"
        )
    return Shipped(path, manifest, result)


def write_card(model: Shipped, country: Country, extra: ExtraResults, out: Path) -> Path:
    """Write a model's card as NAME.md.

    Args:
        model: the model file with its result.
        country: names the sources of the data.
        extra: results that not every card has.
        out: the folder.

    Raises:
        LprError: the folder can't be written.
    """
    path = out / f"{model.path.name.split('.')[0]}.md"
    try:
        path.write_text(make_card(model, country, extra), encoding="utf-8")
    except OSError as error:
        raise LprError(f"can't write {path}: {error.strerror or error}. Give another folder by --out DIR") from error
    return path


def make_card(model: Shipped, country: Country, extra: ExtraResults) -> str:
    """Make a card's Markdown.

    Args:
        model: a shipped model with its results.
        country: of its plates.
        extra: further results.
    """
    sections = [
        _heading(model),
        *_section("Data", _data_lines(model, country)),
        *_section("Figures", _figure_lines(model)),
        *_section("Cross-validated", _fold_lines(model, extra.folds)),
        *_section("Where it fails", _failure_lines(model, extra.rendered)),
        *_section("What it mustn't be used for", [f"- {line}" for line in NOT_FOR]),
        *_section("Licence", [model.manifest.licence + "."]),
    ]
    return "\n".join(sections) + "\n"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"## {title}", "", *lines] if lines else []


def _heading(model: Shipped) -> str:
    manifest = model.manifest
    height, width = manifest.input.size_hw
    facts = [
        ("what it does", model.type.purpose),
        ("file", f"`{model.path.name}`, {model.path.stat().st_size / 1000:.0f} kB, {manifest.precision}"),
        ("SHA-256", f"`{file_sha256(model.path)}`"),
        ("input", f"{width}×{height}, {manifest.input.colour}, {manifest.input.resize}"),
        ("runs under", ", ".join(manifest.runtimes)),
        ("thresholds", ", ".join(f"{name} {value:g}" for name, value in sorted(manifest.thresholds.items()))),
        ("made by", f"lpr {manifest.lpr_version}"),
    ]
    table = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts if value)]
    return "\n".join([f"# {manifest.kind.capitalize()}: {model.path.name}", "", *table])


def _data_lines(model: Shipped, country: Country) -> list[str]:
    """Training data, held-out data, and the data of calibration and confidence."""
    manifest = model.manifest
    training, calibration = manifest.training, manifest.calibration
    names = [
        model.type.dataset,
        *(["plates"] if training.get("reader") else []),
    ]  # a reader cuts characters out of them
    sources = [country.values.get("sources", {}).get(name, f"real {name}") for name in names]
    lines = [f"- Learnt from rendered pictures{'' if training.get('data') else ' alone'}."]
    lines += [f"- And from {source}." for source in sources if training.get("data")]
    lines.append(f"- Split: {_split(training)} Measured on `{model.result['split']}`{_seen(model)}.")
    if calibration.get("source"):
        lines.append(f"- int8 was calibrated on {calibration['count']} pictures: {calibration['source']}.")
    if about := calibration.get("confidence"):
        lines.append(
            f"- Confidence was fitted on {about['readings']} readings ({about['right']} right) of "
            f"{about['photographs']} {about['source']}."
        )
    settings = ("seed", "epochs", "steps_per_epoch", "batch_size")
    text = ", ".join(f"{key.replace('_', ' ')} {training[key]}" for key in settings if key in training)
    return [*lines, f"- Run: {text}."] if text else lines


def _seen(model: Shipped) -> str:
    """Whether the evaluated split was held out from training."""
    if not model.type.sees_plates:
        return ", which it never saw" if model.result["split"] != TRAINING_SPLIT else ", WHICH IT LEARNT FROM"
    count = model.result["seen"][model.manifest.kind]
    return f", OF WHICH IT LEARNT FROM {count} OF {model.result['seen']['photos']}" if count else ", which it never saw"


def _split(training: Mapping[str, Any]) -> str:
    if training.get("folds"):
        return f"part {training['fold']} of {training['folds']} of the `{TRAINING_SPLIT}` split was held out."
    held = float(training.get("holdout", 0.0))
    what = f"{held:.0%} of it held out to choose the epoch" if held else "none of it held out, the last epoch kept"
    return f"trained on the `{TRAINING_SPLIT}` split, {what}."


def _figure_lines(model: Shipped) -> list[str]:
    result = model.result
    if not model.type.sees_plates:
        rows = [("all", result["accuracy"]), *result["by_class"].items()]
        table = markdown_table(["class", "right"], [[name, share_text(share)] for name, share in rows])
        return [*with_interval_note("Accuracy on crops.", result), "", *table]
    if model.type.finds_plates:
        return [
            *with_interval_note("Plates found with IoU ≥ 0.5, whole photographs in.", result),
            "",
            *detection_table(result),
        ]
    intro = "Fully legible plates read exactly, whole photographs in, found by the detector shipped with it."
    return [*with_interval_note(intro, result), "", *reading_table(result), *_confidence_lines(result)]


def _fold_lines(model: Shipped, folds: Result | None) -> list[str]:
    """Cross-validated results: each training photograph by the fold that it was held out from."""
    kind = model.manifest.kind
    if folds is None or folds["seen"].get(kind, 1):
        return []
    count = sum(one["kind"] == kind for one in folds["models"])
    intro = f"The training photographs, each by one of {count} {kind}s, trained alike, that it was held out from."
    if model.type.finds_plates:
        return [*with_interval_note(intro, folds), "", *detection_table(folds)]
    found_by = f"The detector learnt from {folds['seen']['detector']} of these {folds['seen']['photos']}."
    return [*with_interval_note(f"{intro} {found_by}", folds), "", *reading_table(folds, ("rows", "width"))]


def _confidence_lines(result: Result) -> list[str]:
    at = result["reliability"]["at_min_confidence"]
    rows = [
        [limit, share_text(share["right_of_kept"]), share_text(share["kept_of_right"])] for limit, share in at.items()
    ]
    return ["", *markdown_table(["`--min-confidence`", "right of those kept", "kept of those right"], rows)]


def _failure_lines(model: Shipped, rendered: Result | None) -> list[str]:
    result = model.result
    if not model.type.sees_plates:
        wrong = [f"- {one['truth']} taken for {one['read']}: {one['count']}" for one in result["confusions"]]
        return wrong or ["No crop of the split was misclassified."]
    lines: list[str] = []
    if model.type.finds_plates:
        missed = [plate for plate in plates_to_find(result) if plate["iou"] is None]
        alarms = len(result["false_alarms"])
        lines.append(f"Of the split's legible plates {len(missed)} were missed; {alarms} finds were no plate.")
    else:
        lines += worst_groups(result)
    return lines + (["", *_rendered_lines(model.type, rendered)] if rendered else [])


def _rendered_lines(model_type: ModelType, rendered: Result) -> list[str]:
    header = ["painted frames", "found", "read exactly", "wrong though sure"][: 2 if model_type.finds_plates else 4]
    rows = [
        [name, share_text(one["found"]), share_text(one["exact_match"]), str(one["wrong_though_sure"])][: len(header)]
        for name, one in rendered["kinds"].items()
    ]
    return markdown_table(header, rows)
