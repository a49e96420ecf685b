"""The page's files."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FILES = Path(__file__).parent / "page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def show_file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    """Make a route that serves a file of the page."""
    content, kind = path.read_bytes(), TYPES[path.suffix]

    async def show(_: Request) -> Response:
        return Response(content, media_type=kind)

    return show
