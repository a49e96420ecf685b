"""What axe-core found on the page's screens, from its result file."""

import json
from pathlib import Path

RESULT = Path("benchmarks/results/accessibility.json")


def accessibility(repository: Path) -> str:
    """One paragraph: what was checked, and what was found."""
    path = repository / RESULT
    if not path.exists():
        return "Not checked yet. `make accessibility` checks it."
    found = json.loads(path.read_text(encoding="utf-8"))
    impacts = ", ".join(f"{count} {impact}" for impact, count in found["violations"].items())
    screens, roles = ", ".join(found["screens"]), " and ".join(found["roles"])
    return (
        f"axe-core {found['axe_core']} in Chromium, {found['looks']} screens ({screens}; in English and Nepali, light "
        f"and dark, on a phone and at a desk, as {roles}): {impacts}."
    )
