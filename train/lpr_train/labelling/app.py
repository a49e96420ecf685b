"""Routes of the labelling page."""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.geometry import is_convex, quad_size
from lpr_edge.web.auth import AuthMiddleware
from lpr_train.labelling.journal import State
from lpr_train.labelling.typed_text import Speller
from lpr_train.labelling.workplace import Workplace

FILES = Path(__file__).parent / "page"
PATHS = {"/": "index.html", "/label.css": "label.css", "/label.js": "label.js"}
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
SHOWN_AS_THEY_ARE = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
"""Kinds of pictures that browsers show."""
OWN_HEADER = "x-lpr-label"
"""Each change carries it: a page of elsewhere can't send it without being asked first, and nobody answers that."""
MAX_BODY = 1 << 20
"""Bytes of a change."""
MAX_PLATES = 200
Answer = Callable[[Request], Awaitable[Response]]


class Readings(Protocol):
    """What reads the images while a person labels them."""

    trouble: str
    """Why no more images are read; empty without a problem."""

    @property
    def is_reading(self) -> bool:
        """Whether more readings may come."""


class App:
    """Handles requests for one person's images, one at a time in the server's thread."""

    def __init__(self, place: Workplace, readings: Readings | None) -> None:
        """Connect the images to label.

        Args:
            place: the pictures and their states.
            readings: what reads the pictures; None where nothing does.
        """
        self._place = place
        self._readings = readings
        self._speller = Speller(place.country)

    def guarded(self, token: str) -> ASGIApp:
        """All routes behind the token; an empty token admits only this machine's users."""
        routes = [
            *(Route(path, _file(FILES / name)) for path, name in PATHS.items()),
            Route("/font.ttf", show_font),
            Route("/country.json", self.show_country),
            Route("/next.json", self.show_next),
            Route("/photo.json", self.show_photo),
            Route("/picture", self.show_picture),
            Route("/spell", changing(self.spell), methods=["POST"]),
            Route("/save", changing(self.save), methods=["POST"]),
            Route("/skip", changing(self.skip), methods=["POST"]),
            Route("/undo", changing(self.undo), methods=["POST"]),
        ]
        return AuthMiddleware(Starlette(routes=routes), token)

    async def show_country(self, _: Request) -> Response:
        """The country's labels by group, with their transliteration, for the keypad."""
        country = self._place.country
        shown = {group: labels for group, labels in country.groups.items() if not group.startswith("latin_")}
        keys = {g: [[label, country.latin.get(label, label)] for label in labels] for g, labels in shown.items()}
        return JSONResponse({"title": country.values.get("title", country.name), "groups": keys})

    async def show_next(self, _: Request) -> Response:
        """The next image to label; its name is null if all are done, or while the next one is being read."""
        # Asked first: a reading that comes in between is offered.
        is_reading = self._readings is not None and self._readings.is_reading
        return self._photo(self._place.next_name(is_reading))

    async def show_photo(self, request: Request) -> Response:
        """State of one image."""
        return self._photo(self._named(request.query_params))

    def _photo(self, name: str | None) -> Response:
        state = self._place.state(name) if name else {"plates": []}
        trouble = self._readings.trouble if self._readings else ""
        return JSONResponse({"image": name, **state, **self._place.counts(), "trouble": trouble})

    def _named(self, values: Mapping[str, Any]) -> str:
        name = values.get("image")
        if name not in self._place.names:
            raise LprError(f"no picture {name!r} here")
        return str(name)

    async def show_picture(self, request: Request) -> Response:
        """Pixels of an image."""
        path = self._place.path_of(self._named(request.query_params))
        kind = SHOWN_AS_THEY_ARE.get(path.suffix.lower())
        if kind:
            return FileResponse(path, media_type=kind)
        return Response(cv2.imencode(".jpg", read_picture(path))[1].tobytes(), media_type="image/jpeg")

    def spell(self, values: dict[str, Any]) -> Any:
        """Convert a typed text to rows."""
        size_wh = quad_size(_quad(values["quad"]))
        return vars(self._speller.read(str(values["text"]), tuple(map(str, values["rows"])), size_wh))

    def save(self, values: dict[str, Any]) -> Any:
        """Save an image's state."""
        plates = list(values["plates"])
        if len(plates) > MAX_PLATES:
            raise LprError(f"a picture has at most {MAX_PLATES} plates")
        state: State = {"plates": [self._checked(plate) for plate in plates], "done": bool(values["done"])}
        self._place.save(self._named(values), state)
        return self._place.counts()

    def _checked(self, plate: dict[str, Any]) -> dict[str, Any]:
        quad_xy = _quad(plate["quad"])
        if plate["accepted"] and not is_convex(quad_xy):
            raise LprError("the corners cross: drag them clockwise from the plate's own top left")
        rows = [str(row) for row in plate["rows"]]
        for row in rows:
            self._place.country.tokenize(row)
        return {**plate, "rows": rows, "quad": np.round(quad_xy.astype(float), 1).tolist()}

    def skip(self, values: dict[str, Any]) -> Any:
        """Move an image to the end."""
        self._place.skip(self._named(values))
        return {}

    def undo(self, _: dict[str, Any]) -> Any:
        """Undo the latest change."""
        return {"image": self._place.undo()}


def _quad(values: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    quad_xy = np.asarray(values, np.float32)
    if quad_xy.shape != (4, 2) or not np.isfinite(quad_xy).all():
        raise ValueError("four corners x, y are needed")
    return quad_xy


def changing(act: Callable[[dict[str, Any]], Any]) -> Answer:
    """Make a route that accepts JSON only from this page."""

    async def answer(request: Request) -> Response:
        if OWN_HEADER not in request.headers or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("only the labelling page itself may change labels", 403)
        body = await request.body()
        if len(body) > MAX_BODY:
            return PlainTextResponse("too large", 413)
        try:
            return JSONResponse(act(json.loads(body)))
        except OSError as error:
            return JSONResponse({"error": f"not saved: {error.strerror or error}"}, 507)
        except LprError as error:
            return JSONResponse({"error": str(error)}, 422)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return JSONResponse({"error": f"not understood: {error!r}"}, 400)

    return answer


async def show_font(_: Request) -> Response:
    """A font with Devanagari, for browsers that have none."""
    try:
        import fontpkg

        path = Path(fontpkg.path("noto-sans-devanagari", weight=600, nearest=True))
    except Exception:  # noqa: BLE001  # without it the browser's own fonts are used
        return Response(status_code=404)
    return FileResponse(path, media_type="font/ttf", headers={"Cache-Control": "private, max-age=86400"})


def _file(path: Path) -> Answer:
    content, kind = path.read_bytes(), TYPES[path.suffix]

    async def show(_: Request) -> Response:
        return Response(content, media_type=kind)

    return show
