"""An event's picture as small as a broker takes it."""

import cv2
import numpy as np

LARGEST_BYTES = 48_000
"""Brokers limit messages; that of `edge/fleet` to 64 KiB."""
WIDEST = 640
"""Longest side in pixels to begin with."""
QUALITY = 80


def small_picture(jpeg: bytes) -> bytes:
    """A JPEG of the same, no larger than LARGEST_BYTES."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    side = min(WIDEST, max(image.shape[:2]))
    while True:
        scale = side / max(image.shape[:2])
        size_wh = tuple(max(1, round(length * scale)) for length in image.shape[1::-1])
        small = cv2.imencode(
            ".jpg", cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
        )[1]
        if len(small) <= LARGEST_BYTES:
            return small.tobytes()
        side = side * 3 // 4
