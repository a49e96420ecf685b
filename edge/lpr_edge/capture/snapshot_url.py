"""A camera's snapshot URL such as http://camera/snapshot.jpg, which is requested for each frame."""

import urllib.request
from http.client import HTTPException
from time import monotonic, sleep
from typing import Any

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import SourceError
from lpr_edge.contract.base.url import Url

FPS = 5.0
"""Pictures a second that a camera is asked for, at most: it encodes each one separately."""
MAX_BYTES = 50_000_000
"""Bytes of a picture; what is longer is a stream."""


class SnapshotUrl:
    """Requests images from a URL, with the interface of OpenCV's capture."""

    def __init__(self, url: Url, name: str, timeout_s: float) -> None:
        """Request the first image.

        Args:
            url: http or https; a login in it is sent as the server asks for it, Basic or Digest.
            name: what messages call it.
            timeout_s: for connecting, and for each part of the answer.

        Raises:
            SourceError: it gives none.
        """
        self._address = f"{url.origin}{url.target}"
        self._timeout_s = timeout_s
        logins = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if url.login:
            logins.add_password(None, url.origin, url.username, url.password)
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPBasicAuthHandler(logins), urllib.request.HTTPDigestAuthHandler(logins)
        )
        self._asked_at = monotonic()
        self._first: Image | None = self._ask()
        if self._first is None:
            raise SourceError(f"{name} gives no picture: check the address, the login, and that the camera is on")

    def read(self) -> tuple[bool, Any]:
        """Request the next image when it is due; False on failure."""
        first, self._first = self._first, None
        if first is not None:
            return True, first
        sleep(max(0.0, self._asked_at + 1 / FPS - monotonic()))
        self._asked_at = monotonic()
        image = self._ask()
        return image is not None, image

    def release(self) -> None:
        """Do nothing: each request has its own connection."""

    def _ask(self) -> Image | None:
        try:
            with self._opener.open(self._address, timeout=self._timeout_s) as answer:
                if not answer.headers.get_content_type().startswith("image/"):
                    return None
                data = answer.read(MAX_BYTES)
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        except (OSError, HTTPException, ValueError, cv2.error):  # URLError is an OSError
            return None
        return None if image is None else np.asarray(image, np.uint8)
