"""Outputs for people: window, recorded video, saved images. Each frame is annotated once for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lpr_edge.capture.camera import DEFAULT_FPS
from lpr_edge.capture.frame import Frame, Source
from lpr_edge.config.config import Config
from lpr_edge.output.annotate import NO_MARKS, Marks, draw_plates
from lpr_edge.output.recording import ImageFolder, VideoFile, file_name
from lpr_edge.output.window import Window
from lpr_edge.tracking.event import Event
from lpr_edge.vision.plates import PlateReading
from lpr_edge.web.picture import LivePage

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class FrameOutputs:
    """The configured outputs; usually none, which costs nothing."""

    kind: str
    """Of the source: see `Source.kind`."""
    window: Window | None = None
    video: VideoFile | None = None
    folder: ImageFolder | None = None
    every_frame: bool = False
    """Whether the folder gets frames, not events."""
    captions: bool = True
    """Whether the readings are written next to the plates."""
    page: LivePage | None = None
    marks: Marks = NO_MARKS
    """What is drawn in every frame."""
    _pictures: int = 0

    def show(self, frame: Frame, plates: Sequence[PlateReading], low_confidence: Sequence[PlateReading] = ()) -> bool:
        """Show or save a frame; False if the user has closed the window.

        Args:
            frame: what was seen.
            plates: its plates.
            low_confidence: plates of low confidence; drawn in photographs alone, as a clip shows a plate again.
        """
        plates = [*plates, *(low_confidence if self.kind == "stills" else ())]
        self._pictures += 1
        if self.page:
            self.page.show(frame, plates)
        keeps = self.folder is not None and (self.kind == "stills" or (self.every_frame and bool(plates)))
        if not (keeps or self.window or self.video):
            return True
        picture = draw_plates(frame.image_bgr, plates, self.captions, self.marks)
        if keeps and self.folder:
            stills = self.kind == "stills"
            self.folder.write(picture, Path(frame.source).name if stills else file_name(frame.source, frame.index))
        if self.video:
            self.video.write(picture, self._time(frame))
        return self.window.show(picture, wait=self.kind == "stills") if self.window else True

    def announce(self, event: Event) -> None:
        """Save an event's best frame."""
        if self.folder and not self.every_frame:
            name = event.id if event.kind == "plate" else f"{event.id}-{event.kind}"
            self.folder.write(draw_plates(event.frame.image_bgr, [event.plate], self.captions), f"{name}.jpg")

    def close(self) -> None:
        """Finish the files, close the window and stop the live page."""
        for view in (self.window, self.video, self.page):
            if view is not None:
                view.close()

    def _time(self, frame: Frame) -> datetime:
        """Time of a frame in the video; still images follow one another by one second."""
        return EPOCH + timedelta(seconds=self._pictures) if self.kind == "stills" else frame.time


def open_frame_outputs(source: Source, config: Config) -> FrameOutputs:
    """Open the configured outputs.

    Raises:
        LprError: one of them can't be had here.
    """
    output = config.output
    return FrameOutputs(
        source.kind,
        Window() if output.show else None,
        VideoFile(output.save_video, source.fps) if output.save_video else None,
        ImageFolder(output.save_images, source.name) if output.save_images else None,
        config.reading.every_frame,
        captions=not config.privacy.blurs,
        marks=Marks.of(config.capture.roi, config.capture.line),
    )


def open_camera_outputs(config: Config) -> FrameOutputs:
    """Open the outputs of one of several cameras: a window, and a video whose file name ends in the camera's name.

    Raises:
        LprError: one of them can't be had here.
    """
    output, name, fps = config.output, config.capture.source_name, config.capture.fps or DEFAULT_FPS
    source = config.capture.source.written() if config.capture.source else ""
    clip = output.save_video and output.save_video.with_stem(f"{output.save_video.stem}-{name}")
    return FrameOutputs(
        "live",
        Window(name) if output.show else None,
        VideoFile(clip, fps) if clip else None,
        ImageFolder(output.save_images, source) if output.save_images else None,
        config.reading.every_frame,
        captions=not config.privacy.blurs,
        marks=Marks.of(config.capture.roi, config.capture.line),
    )
