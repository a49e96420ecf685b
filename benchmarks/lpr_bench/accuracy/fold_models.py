"""Choose the networks for a photograph: of several folds, those that were not trained on it."""

import argparse
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property

from lpr_bench.accuracy.plate_traits import describe_plate
from lpr_bench.accuracy.plates import PlateTraits, ReadPlate
from lpr_bench.system.devices import open_detectors, open_readers
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.data.plate_photos import PlateLabel, PlatePhoto
from lpr_edge.contract.data.splits import seen_by_training
from lpr_edge.runtimes.model import Model
from lpr_edge.vision.crop import read_crop
from lpr_edge.vision.detector import Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.reader import Reader


class Networks:
    """Detectors and readers of one run, or of the folds of a cross-validation."""

    def __init__(
        self,
        detectors: Sequence[Detector],
        readers: Sequence[Reader],
        photos: Sequence[PlatePhoto],
        is_photograph: bool = True,
    ) -> None:
        """Determine which network was trained on which photograph.

        Args:
            detectors: one or more.
            readers: one or more.
            photos: all photographs and crops of a split, in their files' order: how runs part them depends on all.
            is_photograph: look at them harder than at a camera's frames.
        """
        self.detectors = detectors
        self.readers = readers
        self.is_photograph = is_photograph
        self._detector_of = _choose([detector.model for detector in detectors], photos)
        self._reader_of = _choose([reader.model for reader in readers], photos)

    def with_thresholds(self, thresholds: Mapping[str, float]) -> "Networks":
        """The same networks, with these thresholds in place of the readers' own of the same names."""
        changed = copy(self)
        changed.readers = [Reader(one.model, {**one.thresholds, **thresholds}) for one in self.readers]
        return changed

    @cached_property
    def models(self) -> list[Model]:
        """The models of all networks."""
        return [detector.model for detector in self.detectors] + [reader.model for reader in self.readers]

    def device(self, photo: PlatePhoto) -> PlatePipeline:
        """The device's pipeline with the networks for a photograph."""
        return PlatePipeline(
            self.detectors[self._detector_of[photo.path.name][0]],
            self.readers[self._reader_of[photo.path.name][0]],
            is_photograph=self.is_photograph,
        )

    def read(self, photo: PlatePhoto, frame_bgr: Image) -> list[ReadPlate]:
        """Detections and readings of a photograph (H, W, 3) uint8, BGR; a crop is read once, at its label's corners."""
        if not photo.is_crop:
            plates = self.device(photo).read(frame_bgr).plates
            return [ReadPlate(plate.reading.quad_xy, plate.reading.text, plate.reading) for plate in plates]
        reader = self.readers[self._reader_of[photo.path.name][0]]
        readings = [reader.read(frame_bgr, label.quad_xy) for label in photo.plates]
        return [
            ReadPlate(label.quad_xy, reading.text, reading)
            for label, reading in zip(photo.plates, readings, strict=True)
        ]

    def read_uncut(self, photo: PlatePhoto, frame_bgr: Image) -> list[ReadPlate]:
        """The reading of a crop (H, W, 3) uint8, BGR, as `lpr-edge --crops` reads it: of unknown margin and corners.

        A crop shows one plate, so the reading is taken to be of the label's.
        """
        device = self.device(photo)
        plate = read_crop(Detector(device.detector.model), device.reader, frame_bgr)
        return [ReadPlate(photo.plates[0].quad_xy, plate.reading.text, plate.reading)] if plate else []

    def describe(self, photo: PlatePhoto, label: PlateLabel, frame_bgr: Image) -> PlateTraits:
        """A plate's traits in its frame (H, W, 3) uint8, BGR, and whether the networks that read it have learnt it."""
        return describe_plate(label, frame_bgr, self.readers[0].grammar, bool(self.seen_by(photo)))

    def count_seen(self, photos: Sequence[PlatePhoto]) -> dict[str, int]:
        """Number of photographs, and how many of them each kind of network was trained on."""
        seen = [self.seen_by(photo) for photo in photos]
        return {"photos": len(photos)} | {kind: sum(kind in by for by in seen) for kind in ("detector", "reader")}

    def seen_by(self, photo: PlatePhoto) -> tuple[str, ...]:
        """The kinds of networks that were trained on a photograph."""
        is_learnt = self._detector_of[photo.path.name][1] and not photo.is_crop  # no detector learns from crops
        seen = {"detector": is_learnt, "reader": self._reader_of[photo.path.name][1]}
        return tuple(kind for kind, is_seen in seen.items() if is_seen)


def open_networks(parsed: argparse.Namespace, photos: Sequence[PlatePhoto], is_photograph: bool = True) -> Networks:
    """Open the networks of `--detector` and `--reader`.

    Args:
        parsed: the command line.
        photos: that are to be read; of each the fold is known.
        is_photograph: whether they are read as photographs, not as frames of a video.

    Raises:
        LprError: one of them can't be opened, or is of the wrong kind.
    """
    return Networks(open_detectors(parsed), open_readers(parsed), photos, is_photograph)


def _choose(models: Sequence[Model], photos: Sequence[PlatePhoto]) -> dict[str, tuple[int, bool]]:
    """Photograph -> index of the first network not trained on it, else 0; and whether that one was trained on it."""
    seen = [seen_by_training(photos, model.manifest.training) for model in models]
    chosen = {}
    for place, photo in enumerate(photos):
        unseen = [number for number, by_model in enumerate(seen) if not by_model[place]]
        chosen[photo.path.name] = (unseen[0], False) if unseen else (0, True)
    return chosen
