"""docs/records.md: the fields of events and of the messages to a broker, from their JSON schemas."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lpr_edge.contract.records import event_schema

SCHEMAS = Path("edge/fleet/schema")
INTRO = """# Records

lpr writes JSON objects. The names of their fields are public: they change only with a major version. Within a version
of the schema fields may be added; where a meaning changes, `schema` rises. [Events](events.md) shows examples.
"""


def records_page(repository: Path) -> str:
    """The page's Markdown."""
    event = event_schema()
    intro = (
        "One record for each vehicle's visit, `plate`; with `--events all` another one when it has left, `left`, which "
        "always has `dwell_s` and `direction`."
    )
    lines = [INTRO, *_section("Event", intro, event)]
    lines += _section("Vote", "An item of an event's `votes`.", event["properties"]["votes"]["items"])
    for name, title in {"status": "Status", "metrics": "Metrics"}.items():
        schema = json.loads((repository / SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
        lines += _section(title, f"The message `lpr/<device>/{name}`. {schema['description']}", schema)
    lines += ["## Schema of events", "", "```json", json.dumps(event, ensure_ascii=False, indent=2), "```"]
    return "\n".join(lines) + "\n"


def _section(title: str, intro: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {title}", "", intro, "", "| field | type | always there | meaning |", "|---|---|---|---|")
    for name, field in schema["properties"].items():
        always = "yes" if name in schema["required"] else ""
        yield f"| `{name}` | {_type(field)} | {always} | {_meaning(field)} |"
    yield ""


def _type(field: Mapping[str, Any]) -> str:
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return ", ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    kind = field.get("type", "object")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if text == "array":
        items = _type(field["items"])
        return f"array of {items}"
    if text == "object" and isinstance(field.get("additionalProperties"), Mapping):
        return f"object of {_type(field['additionalProperties'])}"
    return text


def _meaning(field: Mapping[str, Any]) -> str:
    text = str(field.get("description", "")).replace("|", "\\|")
    limits = [f"{sign} {field[key]}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in field]
    return " ".join(part for part in (text, f"({', '.join(limits)})" if limits else "") if part)
