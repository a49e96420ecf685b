"""The Python API: plates from images and videos, characters from crops.

>>> from lpr_edge import PlateReader
>>> reader = PlateReader()
>>> for plate in reader.read(image_bgr):
...     print(plate.text, plate.latin, plate.confidence, plate.quad_xy)

What `lpr_edge.__all__` names is public and changes only with a major version; everything else may change.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from lpr_edge.capture.frame import Frame, NoFrame
from lpr_edge.capture.open_source import CaptureOptions, open_camera, open_source
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import SourceError
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.pacing.frame_reader import FrameReader
from lpr_edge.regions.shapes import TILES_AUTO, TILES_OFF, Region, Tiling
from lpr_edge.results import Plate, PlateEvent, event_of, plate_of
from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import open_model
from lpr_edge.runtimes.runtime import Runtime
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_edge.text.confidence import default_min_confidence
from lpr_edge.tracking.tracker import Accepts, Tracker
from lpr_edge.vision.character_classifier import CharacterClassifier
from lpr_edge.vision.crop import read_crop
from lpr_edge.vision.detector import TTA_VIEWS, Detector
from lpr_edge.vision.pipeline import PlatePipeline
from lpr_edge.vision.plates import PlateReading
from lpr_edge.vision.reader import Reader


class PlateReader:
    """Detects and reads plates in images and videos."""

    def __init__(
        self,
        detector: str | Path | None = None,
        reader: str | Path | None = None,
        *,
        min_confidence: float | None = None,
        runtime: str | Runtime = "auto",
        threads: int = 1,
        roi: str | Region | None = None,
        tta: int | None = None,
        networks: "PlateReader | None" = None,
        tiles: str | Tiling = TILES_AUTO,
        frame_budget_s: float | None = None,
        blurs: bool = False,
    ) -> None:
        """Load the networks.

        Args:
            detector: a model file made by lpr-export; None for the shipped one.
            reader: the same for the reader.
            min_confidence: plates with a lower confidence aren't reported, 0..1; None for what the reader's file says
                in photographs, and 0.5 in videos.
            runtime: `auto`, an inference runtime, or the name of one, such as `litert` or `onnxruntime`.
            threads: that each network may use.
            roi: corners of the region of interest in shares of width and height, `0.1,0.5 0.9,0.5 0.9,1 0.1,1`; None
                for the whole frame.
            tta: most plates of one image that get test-time augmentation; None for the default: some in photographs,
                none in videos.
            networks: a reader whose networks this one takes as well, in place of loading them; None for none.
            tiles: `auto`, `off`, or columns and rows such as `4x3`: how large frames of videos are looked at closely.
            frame_budget_s: seconds after which no further tile of a frame is looked at; None for all that are due.
            blurs: whether plates outside of `roi` are to be found as well, so that they can be hidden.

        Raises:
            LprError: a model can't be loaded, `roi` is no polygon, or `tiles` are none.
        """
        self.models: dict[str, Model] = (
            dict(networks.models)
            if networks
            else {
                name: open_model(path or shipped_model(name, runtime), runtime, threads)
                for name, path in (("detector", detector), ("reader", reader))
            }
        )
        self._min_confidence = min_confidence
        roi = Region.parse(roi, "roi") if roi and isinstance(roi, str) else roi
        self._roi = roi.corners_xy if isinstance(roi, Region) else None
        self._tta = tta
        self._tiling = Tiling.parse(tiles, "tiles") if isinstance(tiles, str) else tiles
        self._frame_budget_s, self._blurs = frame_budget_s, blurs

    def read(self, image: Image | str | Path) -> list[Plate]:
        """Detect and read the plates of a photograph.

        Args:
            image: (H, W, 3) uint8, BGR as OpenCV has it; or the path of an image file.

        Returns:
            The plates, highest detection score first.

        Raises:
            LprError: the file can't be read.
            ValueError: the array has another shape or type.
        """
        return [plate_of(plate) for plate in self.photographs.read(_pixels(image)).plates]

    def read_crop(self, crop: Image | str | Path) -> Plate | None:
        """Read a plate that another program has detected and cropped.

        Args:
            crop: (H, W, 3) uint8, BGR, or a path: one plate, with any margin from none to half a plate on each side.

        Returns:
            The plate whatever its confidence, its corners in the crop's pixels; None where no character is read.

        Raises:
            LprError: the file can't be read.
            ValueError: the array has another shape or type.
        """
        plate = self.read_cropped(_pixels(crop))
        return None if plate is None else plate_of(plate)

    def watch(self, source: str | int, gap: timedelta = timedelta(seconds=10)) -> Iterator[PlateEvent]:
        """Follow the vehicles of a camera, stream or video file.

        Args:
            source: a camera's number, a stream's URL or a video file.
            gap: a vehicle that is back before so long has no second event.

        Yields:
            One event for each vehicle, when its reading has settled or it has left.

        Raises:
            SourceError: the source can't be opened, or ended before its time.
        """
        opened = open_camera(source, CaptureOptions()) if isinstance(source, int) else open_source(source)
        if opened.kind == "stills":
            opened.close()
            raise SourceError(f"{source} holds images, which have no events: use PlateReader.read")
        pipeline = self.frames
        accepts: Accepts = lambda vote: pipeline.is_confident(vote, any_text=False)  # noqa: E731
        tracker = Tracker(pipeline.reader.decoder, gap, accepts, pipeline.detector.threshold)
        reader = FrameReader(pipeline, tracker)
        try:
            for frame in opened.frames:
                if isinstance(frame, Frame):
                    yield from map(event_of, tracker.update(frame, reader.read(frame).all_plates))
                elif isinstance(frame, NoFrame):
                    yield from map(event_of, tracker.wait(frame.time, frame.clock_set))
        finally:
            opened.close()
        yield from map(event_of, tracker.flush())

    @cached_property
    def photographs(self) -> PlatePipeline:
        """The pipeline for photographs, which returns all details of its records."""
        return self._pipeline(TTA_VIEWS, is_photograph=True)

    @cached_property
    def frames(self) -> PlatePipeline:
        """The pipeline for frames of cameras and videos, which returns all details of its records."""
        return self._pipeline(0, is_photograph=False)

    def read_cropped(self, crop_bgr: Image) -> PlateReading | None:
        """Read a crop (H, W, 3), with all details of its record; None if no character is read."""
        return read_crop(Detector(self.models["detector"]), self.frames.reader, crop_bgr)

    def _pipeline(self, tta: int, is_photograph: bool) -> PlatePipeline:
        detector = Detector(self.models["detector"], tta if self._tta is None else self._tta)
        reader = Reader(self.models["reader"])
        least = self._min_confidence
        if least is None:
            least = default_min_confidence(reader.thresholds, is_photograph)
        tiling = TILES_OFF if is_photograph else self._tiling
        where = self._roi, is_photograph, tiling, self._frame_budget_s, self._blurs
        return PlatePipeline(detector, reader, least, *where)


class Classifier:
    """Classifies crops of single characters."""

    def __init__(self, model: str | Path | None = None, *, runtime: str | Runtime = "auto", threads: int = 1) -> None:
        """Load the network.

        Args:
            model: a model file made by lpr-export; None for the shipped one.
            runtime: `auto`, an inference runtime, or the name of one.
            threads: that the network may use.

        Raises:
            LprError: the model can't be loaded.
        """
        self._network = CharacterClassifier(open_model(model or shipped_model("characters", runtime), runtime, threads))

    def classify(self, crop: Image | str | Path) -> tuple[str | None, float]:
        """Classify a crop of one character.

        Args:
            crop: (H, W, 3) uint8, BGR, of any size; or a path.

        Returns:
            The label, or None where the crop most likely shows no known character; and its probability, 0..1.

        Raises:
            LprError: the file can't be read.
            ValueError: the array has another shape or type.
        """
        return self._network.classify(_pixels(crop))


def _pixels(image: Image | str | Path) -> Image:
    """The pixels of an array or a file, checked."""
    if isinstance(image, (str, Path)):
        return read_picture(Path(image))
    shape, kind = getattr(image, "shape", None), getattr(image, "dtype", None)
    if shape is None or len(shape) != 3 or shape[2] != 3 or 0 in shape or str(kind) != "uint8":
        raise ValueError(f"an image is (H, W, 3) uint8 in BGR order, as cv2.imread gives it; this is {shape} {kind}")
    return image
