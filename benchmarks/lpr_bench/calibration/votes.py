"""Votes of clips that are known to be right or wrong: what the confidence of votes is fitted to.

Clips are made of plates that the networks weren't trained on. Each vehicle counts once, however often it is voted on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lpr_bench.accuracy.fold_models import Networks
from lpr_bench.accuracy.reliability import ScoredReading
from lpr_bench.visits.clips import SIZE_HW, START, MadeClip, MarkedFrame, Visit
from lpr_bench.visits.outcomes import visit_at
from lpr_bench.visits.play import Clip
from lpr_bench.visits.scripts import SCRIPTS
from lpr_bench.visits.subjects import Subject, choose_subjects, cut_roads
from lpr_edge.contract.data.plate_photos import PlatePhoto
from lpr_edge.contract.metrics import edit_distance
from lpr_edge.pacing.frame_reader import FrameReader
from lpr_edge.tracking.track import SETTLED, Track
from lpr_edge.tracking.tracker import Tracker
from lpr_edge.vision.pipeline import PlatePipeline

FIT_SCRIPTS = ("approach", "pass-by", "night")
"""How vehicles come and go in these clips."""
ROADS = 12
"""Different empty roads of a clip."""
SLACK_S = 0.5
"""In real clips a vote may come so long before a visit or after it."""

Votes = Mapping[int, Sequence[ScoredReading]]
"""Of each track of a clip."""


def unseen_clips(
    networks: Networks, photos: Sequence[PlatePhoto], limit: int | None
) -> Iterator[tuple[Clip, PlatePipeline]]:
    """Clips of photographs and crops, each with networks that were not trained on them.

    Args:
        networks: of one run or of folds.
        photos: held out from the reader that `networks` gives each.
        limit: photographs that clips are made of, at most; None for all.
    """
    roads = cut_roads([photo for photo in photos if not photo.is_crop], SIZE_HW, ROADS, seed=0)
    by_path = {photo.path: photo for photo in photos}
    parts: dict[tuple[int, int], tuple[PlatePipeline, list[Subject]]] = {}
    for subject in choose_subjects(photos, networks.readers[0].grammar.country.script, 0, limit) if roads else ():
        device = networks.device(by_path[subject.path])
        parts.setdefault((id(device.detector), id(device.reader)), (device, []))[1].append(subject)
    for device, subjects in parts.values():
        for number, name in enumerate(FIT_SCRIPTS):
            yield MadeClip(SCRIPTS[name], subjects, roads, seed=1000 * number), device


def score_votes(clip: Clip, pipeline: PlatePipeline) -> list[ScoredReading]:
    """Play a clip; returns each track's vote, from `SETTLED` frames on, or else at its end.

    Nothing is announced, so that every track is voted on to its end. The votes of a track share the weight of one.
    """
    tracker = Tracker(pipeline.reader.decoder, accepts=lambda _: False, threshold=pipeline.detector.threshold)
    reader = FrameReader(pipeline, tracker)
    votes: dict[int, list[ScoredReading]] = {}
    for marked in clip.frames():
        tracker.update(marked.frame, reader.read(marked.frame).all_plates)
        for track in tracker.vehicles.tracks:
            if track.last_seen == marked.frame.time and track.frames:
                _note(votes, track, _scored(clip, marked, track, pipeline))
    return [replace(vote, weight=1 / len(of_one)) for of_one in votes.values() for vote in of_one]


def _note(votes: dict[int, list[ScoredReading]], track: Track, vote: ScoredReading | None) -> None:
    """Store a vote; votes of too few frames only until there is one of more."""
    if vote is None:
        return
    if track.frames <= SETTLED:
        votes[track.number] = [vote]
    else:
        votes.setdefault(track.number, []).append(vote)


def _scored(clip: Clip, marked: MarkedFrame, track: Track, pipeline: PlatePipeline) -> ScoredReading | None:
    """A track's vote with its ground truth; None if the plate's text is unknown."""
    vote = track.evidence.result(pipeline.reader.decoder)
    if marked.marks is None:
        visit = _visit_then(clip.visits, (marked.frame.time - START).total_seconds(), vote.text)
    else:
        number, is_known = visit_at(track.quad_xy, marked.marks)
        if number is None and is_known:
            return None
        visit = None if number is None else clip.visits[number]
    text, name = (visit.text, visit.name + visit.text) if visit else ("", f"{clip.name} {track.number}")
    return ScoredReading(name, vote, bool(vote.text) and vote.text == text, None)


def _visit_then(visits: Sequence[Visit], time_s: float, text: str) -> Visit | None:
    """The visit of that time with the most similar text."""
    there = [visit for visit in visits if visit.first_s - SLACK_S <= time_s <= visit.last_s + SLACK_S]
    return min(there, key=lambda visit: edit_distance(list(text), list(visit.text)), default=None)
