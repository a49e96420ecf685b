"""Files with which a browser installs the page as an app: manifest, icon, and a worker that caches the page's shell."""

import json
from functools import cache

import cv2
import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lpr_edge.web.page_files import FILES, show_file

SIZE = 512
BLUE_BGR = (164, 87, 11)
WHITE_BGR = (255, 255, 255)
MANIFEST = {
    "name": "lpr",
    "short_name": "lpr",
    "start_url": "./",
    "display": "standalone",
    "background_color": "#f4f5f6",
    "theme_color": "#0b57a4",
    "icons": [{"src": "icon.png", "sizes": f"{SIZE}x{SIZE}", "type": "image/png", "purpose": "any maskable"}],
}


def install_routes() -> list[Route]:
    """Routes of manifest, icon and worker."""
    return [
        Route("/manifest.webmanifest", _show_manifest),
        Route("/icon.png", _show_icon),
        Route("/worker.js", show_file(FILES / "worker.js")),
    ]


@cache
def icon_png() -> bytes:
    """A plate on a blue background, as a PNG with sides of SIZE pixels."""
    image = np.full((SIZE, SIZE, 3), BLUE_BGR, np.uint8)
    cv2.rectangle(image, (80, 170), (432, 342), WHITE_BGR, cv2.FILLED)
    cv2.putText(image, "lpr", (128, 300), cv2.FONT_HERSHEY_DUPLEX, 4.6, BLUE_BGR, 14, cv2.LINE_AA)
    return cv2.imencode(".png", image)[1].tobytes()


async def _show_manifest(_: Request) -> Response:
    return Response(json.dumps(MANIFEST), media_type="application/manifest+json")


async def _show_icon(_: Request) -> Response:
    return Response(icon_png(), media_type="image/png")
