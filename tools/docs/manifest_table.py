"""The table of a manifest's fields, from the dataclass and what stands below each field."""

from dataclasses import fields
from pathlib import Path

from tools.docs.results import table

from lpr_edge.contract.base.settings import field_notes
from lpr_edge.contract.manifest import Manifest


def manifest_fields(_: Path) -> str:
    """Each field's name, type and meaning."""
    notes = field_notes(Manifest)
    rows = [[f"`{field.name}`", f"`{field.type}`", notes.get(field.name, "")] for field in fields(Manifest)]
    return table(["field", "type", "meaning"], rows)
