"""Evidence of one plate from many frames, fused before characters are chosen.

Each frame gives its reader's peaks, faint ones too, each with a score for every label. A text is as likely as all
frames together make it: the text is aligned with a frame's peaks in reading order, where a character may lack its peak
and a peak its character (Needleman and Wunsch 1970, over log probabilities). So a frame in which a character was lost,
or dirt read as one, still counts for the rest of the text, and texts of any length compete by the same measure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lpr_edge.contract.base.arrays import Floats
from lpr_edge.contract.geometry import quad_size
from lpr_edge.contract.rows import Character, group_rows, labels_of
from lpr_edge.text.decoding import TWIN_FIELD, PlateDecoder, with_twin
from lpr_edge.tracking.alignment import FrameEvidence, FrameStack
from lpr_edge.vision.plates import Reading

MAX_FRAMES = 24
"""Frames whose evidence is kept, the weightiest ones."""
MAX_TEXTS = 12
"""Texts that are compared, the likeliest ones."""
SHARPNESS = 2.0
"""What the log-odds of a peak, relative to those of the reader's threshold, are worth as log-odds of a character."""
CONTRADICTION = 0.9
"""Another text that two frames give with this share of the confidence contradicts the likeliest one."""
VALID = 2.0
"""What being allowed by the grammar is worth, in natural logarithms."""

Text = tuple[str, ...]
"""Labels in reading order."""


@dataclass
class PlateEvidence:
    """Evidence of one plate from many frames; its size is bounded."""

    frames: list[FrameEvidence] = field(default_factory=list)
    readings: dict[Text, Reading] = field(default_factory=dict)
    """The highest-confidence reading of each text that a frame gave."""
    confirmed: dict[Text, Reading] = field(default_factory=dict)
    """The reading of each text with the second-highest confidence: two frames gave the text with at least that."""
    totals: dict[Text, float] = field(default_factory=dict)
    """Text -> its log probability, by the frames that were kept when it was last compared."""

    def add(self, reading: Reading) -> None:
        """Add a frame's reading, which must have at least one character."""
        text = _labels_of(reading)
        known = [one for one in (self.readings.get(text), self.confirmed.get(text)) if one] + [reading]
        best, *others = sorted(known, key=lambda one: -one.confidence)
        self.readings[text] = best
        if others:
            self.confirmed[text] = others[0]
        self.frames.append(_evidence_of(reading))
        if len(self.frames) > MAX_FRAMES:
            self.frames.remove(min(self.frames, key=lambda frame: frame.weight))
        self.totals.clear()

    def result(self, decoder: PlateDecoder) -> Reading:
        """The likeliest reading, its characters with the frames' mean scores.

        Where the frames' mean makes another text than the likeliest of those that were read, and a likelier one, that
        stands; one that the grammar doesn't allow is bent to the likeliest that it does. Its confidence is by the
        decoder's curve of votes, where it has one.
        """
        likeliest = self._likeliest(decoder)
        return replace(likeliest, curve=decoder.vote_curve or likeliest.curve)

    def _likeliest(self, decoder: PlateDecoder) -> Reading:
        stack = FrameStack.of(self.frames)
        index = {label: number for number, label in enumerate(decoder.labels)}
        if not self.totals:
            self.totals = {text: self._total(stack, text, reading, index) for text, reading in self.readings.items()}
            self._forget_unlikely()
        best = max(self.totals, key=lambda text: self.totals[text])
        fused = self._fused(stack, self.readings[best], index, decoder)
        text = _labels_of(fused)
        is_allowed = fused.parsed.valid or text in self.readings
        if text == best or not is_allowed or self._total(stack, text, fused, index) < self.totals[best]:
            return self._with_means(stack, self.readings[best], index)
        return self._with_means(stack, fused, index)

    def _total(self, stack: "FrameStack", text: Text, reading: Reading, index: dict[str, int]) -> float:
        logs = stack.align([index[label] for label in text])[-1][:, -1]
        return float((stack.trusts * logs).sum()) + (VALID if reading.parsed.valid else 0.0)

    def _forget_unlikely(self) -> None:
        likely = sorted(self.totals, key=lambda text: -self.totals[text])[:MAX_TEXTS]
        self.totals = {text: self.totals[text] for text in likely}
        self.readings = {text: self.readings[text] for text in likely}
        self.confirmed = {text: reading for text, reading in self.confirmed.items() if text in likely}

    def _fused(self, stack: "FrameStack", reading: Reading, index: dict[str, int], decoder: PlateDecoder) -> Reading:
        """The reading with the frames' mean scores, parsed with the grammar."""
        means, peaks = stack.means([index[label] for label in _labels_of(reading)])
        characters = [character for row in reading.characters for character in row]
        relabelled = [
            replace(c, label=decoder.labels[int(s.argmax())], score=float(s.max()), scores=s, peak=float(p))
            for c, s, p in zip(characters, means, peaks, strict=True)
        ]
        rows, parsed = decoder.decode(relabelled)
        twin = reading.parsed.fields.get(TWIN_FIELD, "")
        return replace(reading, characters=rows, parsed=with_twin(parsed, twin) if parsed.valid else parsed)

    def _with_means(self, stack: "FrameStack", reading: Reading, index: dict[str, int]) -> Reading:
        """The reading with the frames' mean scores, or a more confident one that two frames agree on.

        Frames too far away to be read lower the mean, and say nothing against a text that two nearer ones show.
        """
        labels = [index[label] for label in _labels_of(reading)]
        means, peaks = stack.means(labels)
        fused = iter(zip(labels, means, peaks, strict=True))
        rows = []
        for row in reading.characters:
            values = [(character, *next(fused)) for character in row]
            rows.append(tuple(replace(c, score=float(s[i]), scores=s, peak=float(p)) for c, i, s, p in values))
        mean = replace(reading, characters=tuple(rows))
        own = self.confirmed.get(_labels_of(mean), mean)
        rivals = [other.confidence for text, other in self.confirmed.items() if text != _labels_of(mean)]
        is_contradicted = max(rivals, default=0.0) >= CONTRADICTION * own.confidence
        return mean if is_contradicted else max(mean, own, key=lambda one: one.confidence)


def _evidence_of(reading: Reading) -> FrameEvidence:
    rows: Sequence[Sequence[Character]] = group_rows(reading.candidates) if reading.candidates else reading.characters
    ordered = [character for row in rows for character in row]
    peaks = np.array([character.peak for character in ordered], np.float32)
    scores = np.stack([character.scores for character in ordered]).astype(np.float32)
    odds = _log_odds(peaks) - _log_odds(np.array([reading.peak_threshold], np.float32))
    there = np.asarray(1 / (1 + np.exp(-SHARPNESS * odds)), np.float32)
    return FrameEvidence(peaks, there, scores, reading.confidence, quad_size(reading.quad_xy)[1])


def _log_odds(shares: Floats) -> Floats:
    kept = np.clip(shares, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(kept / (1 - kept)), np.float32)


def _labels_of(reading: Reading) -> Text:
    return tuple(labels_of(reading.characters))
