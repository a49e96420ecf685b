"""Images of an event as JPEGs: for snapshots, and small ones for a broker."""

from collections.abc import Mapping

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.geometry import quad_size, rectify
from lpr_edge.contract.records import Sighting

QUALITY = 90
MAX_SIDE_PX = 1024
"""Longest side of a plate's image, in pixels."""
MAX_BYTES = 48_000
"""Brokers limit messages; that of `edge/fleet` to 64 KiB."""
SMALL_SIDE = 640
"""Longest side in pixels of a small image to begin with."""
SMALL_QUALITY = 80


def take_pictures(event: Sighting) -> Mapping[str, bytes]:
    """Encode the JPEGs of an event: `frame`, the whole image, and `plate`, the rectified plate."""
    image, quad_xy = event.frame_bgr, event.quad_xy
    width, height = (min(MAX_SIDE_PX, max(8, round(side))) for side in quad_size(quad_xy))
    return {"frame": _jpeg(image), "plate": _jpeg(rectify(image, quad_xy, (height, width)))}


def take_frame(event: Sighting) -> Mapping[str, bytes]:
    """Encode only the frame: blurred plates need no image of their own."""
    return {"frame": _jpeg(event.frame_bgr)}


def _jpeg(image: Image) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def small_picture(jpeg: bytes) -> bytes:
    """Re-encode a JPEG so that it is at most MAX_BYTES large."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    side = min(SMALL_SIDE, max(image.shape[:2]))
    while True:
        scale = side / max(image.shape[:2])
        size_wh = tuple(max(1, round(length * scale)) for length in image.shape[1::-1])
        small = cv2.imencode(
            ".jpg",
            cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA),
            [cv2.IMWRITE_JPEG_QUALITY, SMALL_QUALITY],
        )[1]
        if len(small) <= MAX_BYTES:
            return small.tobytes()
        side = side * 3 // 4
