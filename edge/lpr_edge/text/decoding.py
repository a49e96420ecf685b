"""The likeliest reading that the grammar allows, searched with the network's own scores.

Where the plain reading (each peak's likeliest label) is valid, it stands. Otherwise every peak, faint ones too, may
take one of its likely labels or be no character at all, and the automaton of the grammar says what may follow: so a
digit never stands where a class letter must, and a dot that was taken for a character goes. A reading that would have
to bend too far stays as it was read, and isn't valid.

A bilingual plate says its registration twice: in the country's own script, and its twin in Latin letters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from lpr_edge.contract.rows import Character, Rows, group_rows, labels_of
from lpr_edge.text.confidence import ConfidenceCurve, log_odds
from lpr_edge.text.grammar import Grammar, State
from lpr_edge.text.parsed import Parsed

TWIN_FIELD = "latin_twin"
"""The field that holds what a bilingual plate says in Latin letters."""

LIKELY = 6
"""Labels of a peak that are tried."""
BEAM = 40
"""Readings that are followed at a time."""
FARTHEST = 7.0
"""Largest cost of a valid reading over the plain one, in natural logarithms: a thousandth of its probability."""
FAINT = 0.3
"""Peaks down to this share of the threshold may be characters, where the grammar lacks one."""
EVEN_PEAK = 0.25
"""Height of a peak that is a character as often as not, in a reader's heat map."""
STEEPNESS = 2.5
"""Slope of the log-odds of a character over those of its peak. Both were chosen on held-out training plates."""
MIN_PROBABILITY = 1e-3
"""Shares are taken as no smaller: 8 bits know no better."""


@dataclass(frozen=True)
class PlateDecoder:
    """Chooses the characters of a plate for one reader and one country."""

    labels: tuple[str, ...]
    """Of the reader's classes, in the order of `Character.scores`."""
    grammar: Grammar
    """What the country allows."""
    vote_curve: ConfidenceCurve | None = None
    """Confidence of readings fused over frames; None where none was fitted: then that of single readings holds."""

    def decode(self, candidates: Sequence[Character], peak: float = 0.0) -> tuple[Rows, Parsed]:
        """Choose a plate's characters from the reader's peaks.

        Args:
            candidates: every peak of the reader, faint ones included.
            peak: threshold from which a peak counts as a character by itself, 0..1.

        Returns:
            The characters in rows, relabelled where the grammar asks for it (each `score` is that of its new label),
            and the grammar's parse of them.
        """
        plain = _rows([c for c in candidates if c.peak >= peak])
        parsed = self.grammar.parse(labels_of(plain))
        if parsed.valid or not plain:
            return plain, parsed
        ordered = _in_order(candidates)
        chosen = _search(ordered, self.labels, self.grammar, _cost_of(ordered, peak))
        if chosen is None:
            return plain, parsed
        rows = _rows(chosen)
        bent = self.grammar.parse(labels_of(rows))
        return (rows, bent) if bent.valid else (plain, parsed)


def _rows(characters: Sequence[Character]) -> Rows:
    return tuple(tuple(row) for row in group_rows(characters))


def _in_order(characters: Sequence[Character]) -> list[Character]:
    return [character for row in group_rows(characters) for character in row]


def existence(peak: float) -> float:
    """Probability that a character stands at a peak of this height.

    A heat map that was trained with focal loss is underconfident: without this, leaving out several clear characters
    would cost no more than relabelling one.
    """
    return 1.0 / (1.0 + exp(-STEEPNESS * (log_odds(peak) - log_odds(EVEN_PEAK))))


def _logs_of_peak(peak: float) -> tuple[float, float]:
    """Logs of the probabilities that a peak is a character, and that it is none."""
    there = existence(peak)
    return _log(there), _log(1.0 - there)


def _log(probability: float) -> float:
    return log(max(MIN_PROBABILITY, probability))


def _cost_of(ordered: Sequence[Character], threshold: float) -> float:
    """Log score of the unconstrained reading."""
    logs = ((c, *_logs_of_peak(c.peak)) for c in ordered)
    return sum(taken + _log(c.score) if c.peak >= threshold else left for c, taken, left in logs)


Path = tuple[float, tuple[Character, ...]]


def _search(
    ordered: Sequence[Character], labels: Sequence[str], grammar: Grammar, plain: float
) -> tuple[Character, ...] | None:
    """Find the best valid reading by Viterbi search over the grammar's states; None if every one is too unlikely."""
    paths: dict[State, Path] = {grammar.start: (0.0, ())}
    choices = [_choices(character, labels) for character in ordered]
    # What a path can still end with at most: those that must bend too far are given up at once.
    least = plain - FARTHEST - sum(max(left, likely[0][1]) for left, likely in choices)
    for left, likely in choices:
        least += max(left, likely[0][1])
        after: dict[State, Path] = {}
        for state, (score, path) in paths.items():
            if score + left >= least:
                _keep_better(after, state, (score + left, path))
            for relabelled, taken in likely:
                if score + taken < least:
                    break
                following = grammar.successors(state, relabelled.label)
                if following:
                    _keep_better(after, following, (score + taken, (*path, relabelled)))
        paths = dict(sorted(after.items(), key=lambda item: -item[1][0])[:BEAM])
    ends = [path for state, path in paths.items() if grammar.accepts(state) and path[0] >= plain - FARTHEST]
    return max(ends, key=lambda path: path[0])[1] if ends else None


def _choices(character: Character, labels: Sequence[str]) -> tuple[float, list[tuple[Character, float]]]:
    """Log probability that a peak is no character, and that of each likely label, the likeliest first."""
    taken, left = _logs_of_peak(character.peak)
    return left, [(relabelled, taken + _log(relabelled.score)) for relabelled in _likely(character, labels)]


def _keep_better(paths: dict[State, Path], state: State, path: Path) -> None:
    if state not in paths or path[0] > paths[state][0]:
        paths[state] = path


def _likely(character: Character, labels: Sequence[str]) -> list[Character]:
    """Pair a character with each of its likely labels."""
    best = np.argsort(-character.scores)[:LIKELY]
    return [replace(character, label=labels[i], score=float(character.scores[i])) for i in best]


@dataclass(frozen=True)
class DecodedPlate:
    """The characters of a plate's registration, and those of its Latin twin on a bilingual plate."""

    rows: Rows
    """The registration, row by row from the top."""
    parsed: Parsed
    twin: Rows = ()
    """The rows of its twin in Latin letters; none on most plates."""


def decode_plate(decoder: PlateDecoder, candidates: Sequence[Character], peak: float = 0.0) -> DecodedPlate:
    """Choose the characters of a plate that may be bilingual.

    Args:
        decoder: the reader's and the country's.
        candidates: every peak of the reader, faint ones included.
        peak: threshold from which a peak counts as a character by itself, 0..1.

    Returns:
        Where the plate has rows in both scripts, and those in the own one are a registration: these, the others as
        its twin, given in the field `latin_twin` where they are a registration too. Else all of its rows.
    """
    rows, parsed = decoder.decode(candidates, peak)
    if parsed.valid:
        return DecodedPlate(rows, parsed)
    all_rows = group_rows(candidates)
    own = [character for row in all_rows if not _is_latin(row) for character in row]
    if not own or len(own) == len(candidates):
        return DecodedPlate(rows, parsed)
    own_rows, own_parsed = decoder.decode(own, peak)
    if not own_parsed.valid:
        return DecodedPlate(rows, parsed)
    twin_rows, twin_parsed = decoder.decode([c for row in all_rows if _is_latin(row) for c in row], peak)
    return DecodedPlate(own_rows, with_twin(own_parsed, text_of(twin_rows) if twin_parsed.valid else ""), twin_rows)


def with_twin(parsed: Parsed, twin: str) -> Parsed:
    """Add the Latin twin, if there is one, to a registration's fields."""
    return replace(parsed, fields=parsed.fields | {TWIN_FIELD: twin}) if twin else parsed


def text_of(rows: Rows) -> str:
    """The labels of all rows, joined."""
    return "".join(labels_of(rows))


def _is_latin(row: Sequence[Character]) -> bool:
    """Whether most characters of a row, weighted by their peaks, are ASCII."""
    latin = sum(character.peak for character in row if character.label.isascii())
    return latin > 0.5 * sum(character.peak for character in row)
