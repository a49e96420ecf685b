"""Fit a reader's temperature and confidence curve to readings that are known to be right or wrong."""

from collections.abc import Sequence

import numpy as np

from lpr_bench.accuracy.reliability import ScoredReading
from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.country import Country
from lpr_edge.text.confidence import ConfidenceCurve, log_odds

MIN_READINGS = 20
"""Minimum number of readings for a fit."""
PRIOR = (1.0, 0.0, -3.0, 0.0, 0.0)
"""Prior mean of slope, shift, penalty of an invalid reading, agreement and peak: the raw confidence, and a strong
penalty."""
PRIOR_WEIGHTS = (0.5, 0.02, 0.1, 0.1, 0.1)
"""Weight of each prior, relative to one reading."""
TEMPERATURES = tuple(float(t) for t in np.exp(np.linspace(np.log(0.4), np.log(2.5), 43)))
"""Candidate temperatures, as factors of the current one."""
FOLDS = 10
"""Number of parts for cross-fitting."""


def has_enough(readings: Sequence[ScoredReading]) -> bool:
    """Whether readings can fit a curve: enough of them by their weights, some right and some wrong."""
    return sum(r.weight for r in readings) >= MIN_READINGS and len({r.right for r in readings}) > 1


def fit_curve(readings: Sequence[ScoredReading], compared: bool = False) -> ConfidenceCurve:
    """Fit the confidence curve (maximum a posteriori logistic regression, Newton's method).

    Args:
        readings: known to be right or wrong.
        compared: whether they were compared with others of their plates; then agreement and faintest peak count too.

    Raises:
        LprError: there are too few readings, or all or none of them are right.
    """
    right = np.array([reading.right for reading in readings], np.float32)
    if not has_enough(readings):
        raise LprError(
            f"{len(right)} readings of plates unseen by training, {int(right.sum())} of them right: "
            f"a confidence needs {MIN_READINGS} or more, some right and some wrong. Give more photographs, or the "
            "folds of a cross-validation"
        )
    weights = np.array([reading.weight for reading in readings], np.float32)
    slope, shift, invalid, *others = _newton(_features(readings, compared), right, weights)
    return ConfidenceCurve(max(0.0, slope), shift, min(0.0, invalid), *(max(0.0, other) for other in others))


def _features(readings: Sequence[ScoredReading], compared: bool) -> Floats:
    """(readings, 3 or 5): log-odds of the raw confidence, 1, 1 for an invalid reading.

    Of readings that were compared also their agreement and the log-odds of the faintest peak.
    """
    found = [scored.reading for scored in readings]
    rows = [(log_odds(r.raw_confidence), 1.0, float(not r.parsed.valid)) for r in found]
    if compared:
        return np.array([(*row, r.agreement, log_odds(r.faintest)) for row, r in zip(rows, found, strict=True)], float)
    return np.array(rows, float)


def _newton(features: Floats, right: Floats, shares: Floats) -> list[float]:
    """The weights (K,) of features (N, K); each row counts by its share (N,)."""
    features, right, shares = features.astype(np.float64), right.astype(np.float64), shares.astype(np.float64)
    prior, prior_weights = (np.array(values)[: features.shape[1]] for values in (PRIOR, PRIOR_WEIGHTS))
    weights = prior.copy()
    for _ in range(50):
        likelihood = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
        slope = features.T @ (shares * (likelihood - right)) + prior_weights * (weights - prior)
        spread = shares * likelihood * (1 - likelihood)
        curvature = (features * spread[:, None]).T @ features + np.diag(prior_weights)
        step = np.linalg.solve(curvature, slope)
        weights = weights - np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-9:
            break
    return [float(weight) for weight in weights]


def cross_fitted(readings: Sequence[ScoredReading], compared: bool = False, division: int = 0) -> list[float]:
    """Each reading's confidence by a curve that was fitted without its photograph (cross-fitting).

    Args:
        readings: known to be right or wrong.
        compared: see `fit_curve`.
        division: which division of the photographs into parts to fit by: 0 in their order, others at random.

    Raises:
        LprError: there are too few readings.
    """
    images = list(dict.fromkeys(reading.image for reading in readings))
    places = np.random.default_rng(division).permutation(len(images)) if division else range(len(images))
    part_of = {image: int(place) % FOLDS for image, place in zip(images, places, strict=True)}
    curves = {
        part: fit_curve([reading for reading in readings if part_of[reading.image] != part], compared)
        for part in sorted(set(part_of.values()))
    }
    return [scored.reading.likelihood_by(curves[part_of[scored.image]]) for scored in readings]


def fit_temperature(readings: Sequence[ScoredReading], labels: Sequence[str], country: Country) -> float:
    """The factor of the temperature with the smallest negative log likelihood of the true labels; 1 without any.

    Args:
        readings: those of fully legible plates with the right number of characters are used.
        labels: the reader's classes.
        country: splits the true texts into labels.
    """
    aligned = [pair for reading in readings for pair in _aligned(reading, labels, country)]
    if not aligned:
        return 1.0
    logs = np.log(np.maximum(np.stack([scores for scores, _ in aligned]), 1e-9))
    truth = np.array([index for _, index in aligned])
    return min(TEMPERATURES, key=lambda factor: _negative_log_likelihood(logs / factor, truth))


def _aligned(scored: ScoredReading, labels: Sequence[str], country: Country) -> list[tuple[Floats, int]]:
    """(scores, index of the true label) of each character, if the reading has as many characters as the label."""
    if scored.label is None or scored.label.legible != "full":
        return []
    try:
        truth = country.tokenize("".join(scored.label.text_rows))
    except LprError:
        return []
    characters = [character for row in scored.reading.characters for character in row]
    if len(truth) != len(characters):
        return []
    return [(c.scores, labels.index(label)) for c, label in zip(characters, truth, strict=True)]


def _negative_log_likelihood(logits: Floats, truth: Floats) -> float:
    """Mean negative log likelihood of labels `truth` (N,) under `logits` (N, classes)."""
    logits = logits - logits.max(axis=1, keepdims=True)
    chosen = logits[np.arange(len(truth)), truth]
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - chosen))
