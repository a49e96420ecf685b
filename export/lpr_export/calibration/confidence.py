"""A reader's fitted confidence, put into the manifest before the gate, so that the gate covers it.

`lpr-bench calibrate --out FILE` writes it, by folds of a cross-validation or by the run's own held-out plates; an
export takes it from `--confidence FILE` or from the run folder.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lpr_edge.contract.base.text_files import read_json
from lpr_edge.contract.run.folder import CONFIDENCE
from lpr_edge.contract.run.model_types import MODEL_TYPES
from lpr_edge.text.confidence import PHOTO_PREFIX, REPORTED, VOTE_PREFIX, ConfidenceCurve, curve_of
from lpr_export.base.errors import ExportError
from lpr_export.base.run_folder import Run

"""Its name in a run folder."""
TEMPERATURE = "temperature"
MAKE_IT = "Make it with lpr-bench calibrate --data DIR --out FILE"


@dataclass(frozen=True)
class Confidence:
    """Parameters of a reader's confidence."""

    temperature: float
    """Divisor of the logits (temperature scaling)."""
    curve: ConfidenceCurve
    about: Mapping[str, Any]
    """The data it was fitted on, for the manifest."""
    vote_curve: ConfidenceCurve | None = None
    """Of readings fused over frames; None where none was fitted."""
    photo_curve: ConfidenceCurve | None = None
    """Of readings in photographs, which are compared with others of the same plate; None where none was fitted."""
    photo_reported: float | None = None
    """Confidence from which photographs' readings are reported by default."""

    def to_thresholds(self) -> dict[str, float]:
        """As a manifest keeps it."""
        votes = self.vote_curve.to_thresholds(VOTE_PREFIX) if self.vote_curve else {}
        photos = self.photo_curve.to_thresholds(PHOTO_PREFIX) if self.photo_curve else {}
        photos |= {} if self.photo_reported is None else {PHOTO_PREFIX + REPORTED: round(self.photo_reported, 4)}
        return {TEMPERATURE: round(self.temperature, 4), **self.curve.to_thresholds(), **votes, **photos}

    def write(self, path: Path) -> None:
        """Write it as JSON, atomically.

        Raises:
            ExportError: the file can't be written.
        """
        text = json.dumps({"thresholds": self.to_thresholds(), "about": dict(self.about)}, ensure_ascii=False, indent=2)
        temporary = path.with_name(f".{path.name}.part")
        try:
            temporary.write_text(text + "\n", encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            raise ExportError(f"can't write {path}: {error.strerror or error}. Give --out another file") from error


def read_confidence(path: Path) -> Confidence:
    """Read what `Confidence.write` wrote.

    Raises:
        ExportError: it is missing, something else, or holds impossible values.
    """
    try:
        values = read_json(path)
        thresholds = {str(name): float(value) for name, value in values["thresholds"].items()}
        curve = curve_of(thresholds)
        if curve is None:
            raise KeyError("confidence_slope")
        votes, photos = curve_of(thresholds, VOTE_PREFIX), curve_of(thresholds, PHOTO_PREFIX)
        reported = thresholds.get(PHOTO_PREFIX + REPORTED)
        found = Confidence(thresholds[TEMPERATURE], curve, dict(values["about"]), votes, photos, reported)
    except OSError as error:
        raise ExportError(f"no confidence at {path}: {error.strerror or error}. {MAKE_IT}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExportError(f"{path} is no confidence ({error!r}). {MAKE_IT}") from error
    if not all(map(math.isfinite, thresholds.values())) or found.temperature <= 0 or not _is_possible(found):
        raise ExportError(
            f"{path} holds an impossible confidence ({thresholds}): all must be finite, temperature more than 0, "
            f"slopes, agreement and peak 0 or more, photo_reported 0 to 1. {MAKE_IT}"
        )
    return found


def _is_possible(confidence: Confidence) -> bool:
    curves = [curve for curve in (confidence.curve, confidence.vote_curve, confidence.photo_curve) if curve]
    lowest = min(number for curve in curves for number in (curve.slope, curve.agreement, curve.peak))
    return lowest >= 0 and 0 <= (confidence.photo_reported or 0.0) <= 1


def with_confidence(run: Run, path: Path | None) -> Run:
    """The run, with the confidence of a file, or of its own folder, in its card; unchanged where there is none.

    Raises:
        ExportError: the file can't be used, or the run isn't a reader.
    """
    own = run.folder / CONFIDENCE
    source = path or (own if own.is_file() else None)
    if source is None:
        return run
    if not MODEL_TYPES[run.card.kind].has_confidence:
        raise ExportError(f"{source} is a reader's confidence, and {run.folder} is a {run.card.kind}: take it out")
    found = read_confidence(source)
    card = replace(
        run.card,
        thresholds={**run.card.thresholds, **found.to_thresholds()},
        calibration={**run.card.calibration, "confidence": dict(found.about)},
    )
    return replace(run, card=card)
