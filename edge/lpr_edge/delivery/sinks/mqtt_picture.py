"""Reduces an event's picture to a size that brokers accept."""

import cv2
import numpy as np

LARGEST_BYTES = 48_000
"""Maximum size in bytes, below common message limits of brokers."""
WIDEST = 640
"""Initial longer side in pixels."""
QUALITY = 80


def small_picture(jpeg: bytes) -> bytes:
    """Recompress a JPEG to at most LARGEST_BYTES."""
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
