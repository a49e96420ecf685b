"""Routes of the live page."""

from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from lpr_edge.base.workers import FAULTS
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.plate_font import font_path
from lpr_edge.contract.records import Record
from lpr_edge.service.runtime_stats import RuntimeStats
from lpr_edge.web.auth import AuthMiddleware
from lpr_edge.web.install import install_routes
from lpr_edge.web.page_files import FILES, show_file
from lpr_edge.web.picture import Pictures
from lpr_edge.web.prometheus import CONTENT_TYPE, to_text

PATHS = {"/": "index.html"} | {
    f"/{name}": name for name in ("page.css", "page.js", "forms.css", "words.js", "common.js")
}
SHOWN = (
    *("id", "last_seen", "text", "rows", "latin", "valid", "confidence", "frames", "matched", "source", "direction"),
)
"""What the page shows of an event."""


class App:
    """Handles requests of one run, one at a time in the server's thread: nothing here may block."""

    def __init__(
        self,
        pictures: Pictures,
        stats: RuntimeStats,
        health_after_s: float,
        others: Mapping[str, Sequence[Route]] | None = None,
    ) -> None:
        """Connect the page with the run.

        Args:
            pictures: the newest frame of each camera.
            stats: how the run does.
            health_after_s: without a frame for so long, a camera counts as ill; without one of any, the device does.
            others: routes of the other pages, by the page's name, which is its path as well.
        """
        self.pictures = pictures
        self.stats = stats
        self.health_after_s = health_after_s
        self.others = dict(others or {})

    def guarded(self, token: str, admin_token: str = "") -> ASGIApp:
        """All routes behind authentication: changes need the admin's token."""
        routes = [
            *(Route(path, show_file(FILES / name)) for path, name in PATHS.items()),
            *install_routes(),
            Route("/picture.jpg", self.show_picture),
            Route("/state.json", self.show_state),
            Route("/metrics", self.show_metrics),
            Route("/health", self.show_health),
            Route("/font.ttf", self.show_font),
            *(route for page in self.others.values() for route in page),
        ]
        return AuthMiddleware(Starlette(routes=routes), token, admin_token=admin_token)

    async def show_picture(self, request: Request) -> Response:
        """A `camera`'s newest frame as a JPEG; 204 without a frame newer than number `after`.

        With `plain`, nothing is drawn on it. `X-Frame` is the frame's own width and height: pictures are smaller.
        """
        camera = request.query_params.get("camera", "")
        if camera and camera not in self.stats.cameras:
            return Response(f"no camera {camera!r}", 404)
        picture = self.pictures.of(camera)
        try:
            is_plain = "plain" in request.query_params
            jpeg = picture.plain_jpeg() if is_plain else picture.jpeg()
        except LprError as error:  # no font, for example
            return Response(str(error), 503)
        number = str(picture.number)
        if not jpeg or request.query_params.get("after") == number:
            return Response(status_code=204)
        height, width = picture.size_hw
        return Response(jpeg, media_type="image/jpeg", headers={"X-Picture": number, "X-Frame": f"{width}x{height}"})

    async def show_state(self, _: Request) -> Response:
        """Statistics of the run, and its latest events."""
        events = [{key: event[key] for key in SHOWN if key in event} for event in self.stats.events()]
        pages = {"history": "history" in self.others, "pages": list(self.others)}
        return JSONResponse(
            {
                "vitals": self.stats.snapshot(),
                "events": events,
                "visits": self.stats.visits.snapshot(),
                **pages,
                **self.health(),
            }
        )

    async def show_metrics(self, _: Request) -> Response:
        """Statistics for Prometheus."""
        text = to_text(self.stats.snapshot(), self.stats.totals()[1], self.stats.camera_totals_ms())
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    async def show_health(self, request: Request) -> Response:
        """200 while frames arrive, from one `camera` or from any, and all workers work; else 503."""
        health, camera = self.health(), request.query_params.get("camera")
        if camera is not None:
            health = health.get("cameras", {}).get(camera)
            if health is None:
                return JSONResponse({"error": f"no camera {camera!r}"}, 404)
        return JSONResponse(health, 200 if health["healthy"] else 503)

    def health(self) -> Record:
        """Whether frames arrive, and the errors of the worker threads."""
        since_s, faults = self.stats.since_frame_s(), FAULTS.current
        healthy = since_s < self.health_after_s and not faults
        health = {"healthy": healthy, "since_frame_s": round(since_s, 1), "faults": faults}
        cameras = {
            name: {"healthy": own_s < self.health_after_s, "since_frame_s": round(own_s, 1)}
            for name, own_s in self.stats.cameras_since_frame_s().items()
        }
        return health | ({"cameras": cameras} if cameras else {})

    async def show_font(self, _: Request) -> Response:
        """A font with Devanagari, for browsers without one."""
        return Response(font_path().read_bytes(), 200, {"Cache-Control": "private, max-age=86400"}, "font/ttf")
