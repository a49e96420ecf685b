"""A hook for schemathesis: what the description calls a picture is one, so that requests can be answered."""

import base64

import cv2
import numpy as np
import schemathesis
from hypothesis import strategies as st


def _encoded(suffix: str) -> bytes:
    """A small grey picture."""
    return cv2.imencode(suffix, np.full((24, 32, 3), 127, np.uint8))[1].tobytes()


PICTURES = tuple(_encoded(suffix) for suffix in (".png", ".jpg", ".bmp", ".webp"))
schemathesis.openapi.format("binary", st.sampled_from(PICTURES))
schemathesis.openapi.format("byte", st.sampled_from([base64.b64encode(picture).decode() for picture in PICTURES]))
