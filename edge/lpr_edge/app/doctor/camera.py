"""Check of the source: whether it opens, and its images."""

from collections.abc import Callable, Iterator
from time import monotonic

from lpr_edge.app.doctor.picture import check_exposure, check_focus, check_life, check_plates
from lpr_edge.base.finding import Finding, State, fine
from lpr_edge.capture.frame import Frame, Source
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.vision.pipeline import PlatePipeline

CHECK_FOR_S = 3.0
MAX_FRAMES = 30
"""For so long, or for so many pictures, a source is looked at."""
SETTLING = 5
"""A camera's first pictures, in which it still finds its exposure."""


def check_camera(open_it: Callable[[], Source], reader: PlatePipeline | None) -> Iterator[Finding]:
    """Open a source, check some images, and close it.

    Args:
        open_it: opens it.
        reader: reads plates; None where its models can't be had.
    """
    try:
        source = open_it()
        try:
            images, seconds = _grab_pictures(source)
        finally:
            source.close()
    except LprError as error:
        yield Finding("camera", State.REPAIR, str(error), "see there; --camera N or --source X says what to read")
        return
    if not images:
        yield Finding("camera", State.REPAIR, f"{source.name} gives no picture", "check it and its cable")
        return
    height, width = images[0].shape[:2]
    pace = f", {len(images) / seconds:.1f} pictures a second" if source.kind == "live" else ""
    yield fine("camera", f"{source.name}, {width}x{height}{pace}")
    settled = images[SETTLING:] if len(images) > 2 * SETTLING and source.kind == "live" else images
    if source.kind == "live":
        yield check_life(settled)
    yield check_focus(settled if source.kind == "live" else settled[:1])
    yield check_exposure(settled[-1])
    if reader is not None:
        yield check_plates([reader.read(image) for image in settled])


def _grab_pictures(source: Source) -> tuple[list[Image], float]:
    """Images of a source, and the seconds that they took."""
    images: list[Image] = []
    start = monotonic()
    for frame in source.frames:
        if isinstance(frame, Frame):
            images.append(frame.image_bgr)
        if len(images) == MAX_FRAMES or monotonic() - start >= CHECK_FOR_S:
            break
    return images, max(1e-3, monotonic() - start)
