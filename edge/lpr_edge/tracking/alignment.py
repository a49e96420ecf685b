"""Aligns a text with the characters that several frames show (Needleman and Wunsch 1970, over log probabilities)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpr_edge.contract.base.arrays import Floats

LABEL_SMOOTHING = 0.1
"""Share of a character's probability that is spread over all labels: one frame that is very sure of a mistake must not
outweigh several that are fairly sure."""
MISSING = 0.2
"""Probability that a character of the plate has no peak in a frame."""
FAINT_PEAK = 0.02
"""Least probability that a peak is a character, or is none."""
MIN_WEIGHT = 0.01
"""Of a frame, relative to one whose reading has confidence 1."""
FULL_WEIGHT = 0.5
"""Confidence from which a frame has its whole say in which text is the likeliest."""


@dataclass(frozen=True, eq=False)
class FrameEvidence:
    """The reader network's outputs for a plate in one frame."""

    peaks: Floats
    """(characters,) heights of the heat map, in reading order."""
    there: Floats
    """(characters,) probability that each is a character: half at the reader's threshold."""
    scores: Floats
    """(characters, labels) probabilities of each label."""
    weight: float
    """Confidence of the frame's own reading, 0..1."""
    size_px: float
    """Height of the plate."""


@dataclass(frozen=True)
class FrameStack:
    """Evidence of several frames in common arrays, padded to the same number of peaks."""

    logs: Floats
    """(frames, peaks, labels) log probability that a peak is there and is this label."""
    skips: Floats
    """(frames, peaks) log probability that a peak is no character; 0 of those that fill up."""
    peaks: Floats
    """(frames, peaks)."""
    scores: Floats
    """(frames, peaks, labels)."""
    weights: Floats
    """(frames,) weight in the mean scores: higher for larger plates and higher confidence."""
    trusts: Floats
    """(frames,) how much each counts in which text is the likeliest."""

    @classmethod
    def of(cls, frames: Sequence[FrameEvidence]) -> "FrameStack":
        """Stack the evidence of one or more frames."""
        most = max(len(frame.peaks) for frame in frames)
        labels = frames[0].scores.shape[1]
        logs = np.full((len(frames), most, labels), -np.inf, np.float32)
        skips, peaks = (np.zeros((len(frames), most), np.float32) for _ in range(2))
        scores = np.zeros((len(frames), most, labels), np.float32)
        for number, frame in enumerate(frames):
            count = len(frame.peaks)
            there = np.clip(frame.there, FAINT_PEAK, 1 - FAINT_PEAK)
            softened = (1 - LABEL_SMOOTHING) * frame.scores + LABEL_SMOOTHING * 0.5
            logs[number, :count] = np.log(there)[:, None] + np.log(softened)
            skips[number, :count] = np.log(1 - there)
            peaks[number, :count], scores[number, :count] = frame.peaks, frame.scores
        weights = np.array([frame.weight for frame in frames], np.float32)
        sizes = np.array([frame.size_px for frame in frames], np.float32)
        areas = (sizes / sizes.max()) ** 2
        trusts = areas * np.clip(weights / FULL_WEIGHT, MIN_WEIGHT, 1)
        return cls(logs, skips, peaks, scores, areas * np.maximum(MIN_WEIGHT, weights**2), trusts)

    def align(self, labels: Sequence[int]) -> list[Floats]:
        """Log probabilities (frames, labels + 1) of each prefix of a text, after 0, 1, 2 and more peaks."""
        ramp = np.arange(len(labels) + 1, dtype=np.float32) * np.float32(np.log(MISSING))
        steps = [np.broadcast_to(ramp, (len(self.weights), len(ramp)))]
        emitted = self.logs[:, :, list(labels)]
        for peak in range(self.skips.shape[1]):
            after = steps[-1] + self.skips[:, peak, None]
            np.maximum(after[:, 1:], steps[-1][:, :-1] + emitted[:, peak], out=after[:, 1:])
            steps.append(np.maximum.accumulate(after - ramp, axis=1) + ramp)
        return steps

    def means(self, labels: Sequence[int]) -> tuple[Floats, Floats]:
        """Mean scores of each character of a text over the frames aligned with it.

        Returns:
            (characters, labels) mean scores, by weight and peak, even where no frame has a peak; (characters,) mean
            peaks, 0 where a frame has none.
        """
        steps = self.align(labels)
        emitted = self.logs[:, :, list(labels)]
        count = self.scores.shape[2]
        sums = np.full((len(labels), count), 1e-6 / count, np.float32)
        shares, peaks = np.full(len(labels), 1e-6, np.float32), np.zeros(len(labels), np.float32)
        for frame, weight in enumerate(self.weights):
            for peak, place in _matched([step[frame] for step in steps], emitted[frame], self.skips[frame]):
                weighted = float(weight) * max(1e-6, float(self.peaks[frame, peak]))
                sums[place] += weighted * self.scores[frame, peak]
                shares[place] += weighted
                peaks[place] += float(weight) * float(self.peaks[frame, peak])
        return sums / shares[:, None], peaks / max(1e-6, float(self.weights.sum()))


def _matched(steps: Sequence[Floats], emitted: Floats, skips: Floats) -> list[tuple[int, int]]:
    """Backtrack an alignment from its end: pairs of a frame's peaks and the text's characters."""
    pairs = []
    peak, place = len(steps) - 1, len(steps[0]) - 1
    missing = np.log(MISSING)
    while peak > 0 and place > 0:
        here = steps[peak][place]
        taken = steps[peak - 1][place - 1] + emitted[peak - 1][place - 1]
        skipped = steps[peak - 1][place] + skips[peak - 1]
        left_out = steps[peak][place - 1] + missing
        if taken >= max(skipped, left_out) - 1e-4 and np.isfinite(here):
            pairs.append((peak - 1, place - 1))
            peak, place = peak - 1, place - 1
        elif skipped >= left_out:
            peak -= 1
        else:
            place -= 1
    return pairs
