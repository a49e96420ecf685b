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
from lpr_edge.text.confidence import VOTE_PREFIX, ConfidenceCurve, curve_of
from lpr_export.base.errors import ExportError
from lpr_export.base.run_folder import Run

CONFIDENCE = "confidence.json"
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

    def to_thresholds(self) -> dict[str, float]:
        """As a manifest keeps it."""
        votes = self.vote_curve.to_thresholds(VOTE_PREFIX) if self.vote_curve else {}
        return {TEMPERATURE: round(self.temperature, 4), **self.curve.to_thresholds(), **votes}

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
        votes = curve_of(thresholds, VOTE_PREFIX)
        found = Confidence(thresholds[TEMPERATURE], curve, dict(values["about"]), votes)
    except OSError as error:
        raise ExportError(f"no confidence at {path}: {error.strerror or error}. {MAKE_IT}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExportError(f"{path} is no confidence ({error!r}). {MAKE_IT}") from error
    slopes = [one.slope for one in (curve, votes) if one]
    if not all(map(math.isfinite, thresholds.values())) or found.temperature <= 0 or min(slopes) < 0:
        raise ExportError(
            f"{path} holds an impossible confidence ({thresholds}): all must be finite, temperature more than 0, "
            f"confidence_slope and vote_slope 0 or more. {MAKE_IT}"
        )
    return found


def with_confidence(run: Run, path: Path | None) -> Run:
    """The run, with the confidence of a file, or of its own folder, in its card; unchanged where there is none.

    Raises:
        ExportError: the file can't be used, or the run isn't a reader.
    """
    own = run.folder / CONFIDENCE
    source = path or (own if own.is_file() else None)
    if source is None:
        return run
    if run.card.kind != "reader":
        raise ExportError(f"{source} is a reader's confidence, and {run.folder} is a {run.card.kind}: take it out")
    found = read_confidence(source)
    card = replace(
        run.card,
        thresholds={**run.card.thresholds, **found.to_thresholds()},
        calibration={**run.card.calibration, "confidence": dict(found.about)},
    )
    return replace(run, card=card)
