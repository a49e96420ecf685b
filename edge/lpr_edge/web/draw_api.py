"""Routes of the page where region, line and tiles are drawn."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from lpr_edge.contract.base.units import TextValue
from lpr_edge.contract.records import Record
from lpr_edge.regions.shapes import Line, Region, Tiling
from lpr_edge.regions.tiles_within import tiles_within
from lpr_edge.service.audit_log import AuditLog
from lpr_edge.service.settings_file import SettingsFile, reload_soon
from lpr_edge.web.auth import CHANGE, MAY, user_of
from lpr_edge.web.page_files import FILES, show_file
from lpr_edge.web.requests import explaining, for_admins, read_own

SHAPES: dict[str, type[TextValue]] = {"roi": Region, "line": Line, "tiles": Tiling}
MAX_SIDE = 100_000
"""Largest side of a frame in pixels."""


class DrawApi:
    """Returns regions and lines; a change is written to the settings file, which is then reloaded."""

    def __init__(
        self,
        cameras: Mapping[str, Mapping[str, str]],
        network_side: int,
        file: SettingsFile | None,
        audit: AuditLog | None,
    ) -> None:
        """Connect the cameras.

        Args:
            cameras: texts of `SHAPES` by the camera's name; the only one's name is empty.
            network_side: longer side of the detector's input.
            file: takes changes; None where there is none.
            audit: logs each change.
        """
        self._cameras = {name: dict(values) for name, values in cameras.items()}
        self._network_side, self._file, self._audit = network_side, file, audit

    def routes(self) -> list[Route]:
        """Routes of the page and of its requests."""
        return [
            Route("/draw", _to_draw),
            Route("/draw/", show_file(FILES / "draw.html")),
            Route("/draw/admin", for_admins(_to_page)),
            *(Route(f"/{name}", show_file(FILES / name)) for name in ("draw.js", "draw.css")),
            Route("/draw/api", explaining(self.show)),
            Route("/draw/api", for_admins(self.change), methods=["POST"]),
            Route("/draw/tiles", explaining(self.show_tiles)),
        ]

    async def show(self, request: Request) -> Response:
        """Each camera's region, line and tiles, and whether they can be saved."""
        can_save = self._file is not None and self._audit is not None and self._file.is_writable
        is_admin = CHANGE in request.scope.get(MAY, ())
        return JSONResponse({"cameras": self._cameras, "can_save": can_save, "is_admin": is_admin})

    async def show_tiles(self, request: Request) -> Response:
        """The tiles that texts of `roi` and `tiles` give in a frame: left, top, right and bottom, in shares of it."""
        asked = request.query_params
        width, height = int(asked["width"]), int(asked["height"])
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise ValueError("size")
        region = Region.parse(asked["roi"], "roi") if asked.get("roi") else None
        tiling = Tiling.parse(asked["tiles"], "tiles")
        boxes = tiles_within(tiling, region, (height, width), self._network_side)
        shares = [[box.left / width, box.top / height, box.right / width, box.bottom / height] for box in boxes]
        return JSONResponse({"tiles": shares})

    async def change(self, request: Request) -> Response:
        """Save what is sent of a camera's region, line and tiles, and reload the settings."""
        sent = await read_own(request)
        camera = sent["camera"]
        values = {key: str(sent[key]) for key in SHAPES if key in sent}
        if camera not in self._cameras or self._file is None or self._audit is None:
            return JSONResponse({"error": f"no camera {camera!r}, or no settings file"}, 404)
        for key, text in values.items():
            if text or key == "tiles":  # an empty one would stop the next start
                SHAPES[key].parse(text, key)
        who = user_of(request.headers.get("authorization", "")) or "admin"
        return JSONResponse(await run_in_threadpool(self._save, camera, values, who))

    def _save(self, camera: str, values: dict[str, str], who: str) -> Record:
        file, audit = self._file, self._audit
        assert file is not None
        assert audit is not None
        before: Any = dict(self._cameras[camera])
        file.set(
            camera,
            values,
            lambda: audit.record(who, "settings", file=str(file.path), camera=camera, before=before, after=values),
        )
        self._cameras[camera] |= values
        return {"reloads": reload_soon()}


async def _to_draw(_: Request) -> Response:
    return RedirectResponse("draw/")


async def _to_page(_: Request) -> Response:
    return RedirectResponse("./")
