"""Watch lists on a page."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.pages import ADMIN_TOKEN, TOKEN, get, page, post

from lpr_edge.service.audit_log import AuditLog
from lpr_edge.text.grammar import Grammar
from lpr_edge.web.picture import LivePage
from lpr_edge.wiring.wire_pages import list_file, list_routes

OWN = {"Content-Type": "application/json", "X-Lpr": "1"}
TEXT = "plate,name,action,phone\nBA 79 PA 5007,Ram Thapa,open,1\nबा ७९ प ५००८,Sita,,2\n"


def login(token: str, name: str = "maya") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()}


@contextmanager
def list_page(folder: Path, grammar: Grammar, text: str = TEXT) -> Iterator[LivePage]:
    """A page with one list, `gate.csv`, and an audit log, both in the folder."""
    path = folder / "gate.csv"
    path.write_text(text, encoding="utf-8")
    pages = {"list": list_routes({"gate.csv": list_file(path, grammar)}, AuditLog(folder / "state" / "audit.jsonl"))}
    with page(TOKEN, pages=pages, admin_token=ADMIN_TOKEN) as live:
        yield live


def table(live: LivePage) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get(live, "/list/api", login(ADMIN_TOKEN))[2])
    return found


def send(live: LivePage, headers: dict[str, str] | None = None, **changes: Any) -> tuple[int, dict[str, Any]]:
    """Send the list with changes, as an admin unless told otherwise."""
    body = {"name": "gate.csv", "stamp": table(live)["stamp"]} | changes
    status, answer = post(
        live, "/list/api", json.dumps(body).encode(), OWN | login(ADMIN_TOKEN) if headers is None else headers
    )
    return status, json.loads(answer) if answer.startswith(b"{") else {}
