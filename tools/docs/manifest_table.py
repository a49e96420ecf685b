"""Table of a manifest's fields, from the dataclass and the text below each field."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

from tools.docs.results import table

from lpr_edge.contract.manifest import Manifest
from lpr_edge.contract.settings.fields import field_notes


def manifest_fields(_: Path) -> str:
    """Each field's name, type and meaning."""
    notes = field_notes(Manifest)
    rows = [[f"`{field.name}`", f"`{type_text(field.type)}`", notes.get(field.name, "")] for field in fields(Manifest)]
    return table(["field", "type", "meaning"], rows)


def type_text(hint: object) -> str:
    """A type as its annotation writes it, without the names of modules."""
    text = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", text)
