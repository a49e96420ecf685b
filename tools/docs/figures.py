"""Blocks of README and documentation that are filled from result files, each between two comments.

`<!-- figures: NAME -->` begins one and `<!-- end figures -->` ends it; what stands between is replaced.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools.docs import (
    accessibility_line,
    accuracy_tables,
    archive_tables,
    centre_tables,
    collected_table,
    extending,
    fine_tune_table,
    history_table,
    load_tables,
    manifest_table,
    messages,
    model_tables,
    new_country,
    own_data,
    speed_tables,
    stream_tables,
    trial_tables,
    update_tables,
    visits_table,
)

Block = Callable[[Path], str]
"""Makes a block's Markdown from the repository's root."""

BLOCKS: dict[str, Block] = {
    "expect": accuracy_tables.expect,
    "detection": accuracy_tables.detection,
    "reading": accuracy_tables.reading,
    "folds": accuracy_tables.folds,
    "crops": accuracy_tables.crops,
    "rendered": accuracy_tables.rendered,
    "characters": accuracy_tables.characters,
    "confidence": accuracy_tables.confidence,
    "accessibility": accessibility_line.accessibility,
    "article": accuracy_tables.article,
    "fine-tune": fine_tune_table.fine_tune,
    "classifiers": speed_tables.classifiers,
    "speed": speed_tables.speed,
    "runtimes": speed_tables.runtimes,
    "targets": speed_tables.targets,
    "streams": stream_tables.streams,
    "projected": stream_tables.projected,
    "emulated": speed_tables.emulated,
    "rivals": speed_tables.rivals,
    "networks": model_tables.networks,
    "manifest": manifest_table.manifest_fields,
    "messages": messages.messages,
    "deb": trial_tables.deb,
    "container": trial_tables.container,
    "soak": trial_tables.soak,
    "long-run": trial_tables.long_run,
    "schemathesis": trial_tables.schemathesis,
    "demo-record": own_data.demo_record,
    "archives": archive_tables.throughput,
    "two-machines": archive_tables.two_machines,
    "centre-cuts": centre_tables.cuts,
    "centre-load": load_tables.load,
    "centre-sheet": load_tables.sheet,
    "centre-plans": centre_tables.plans,
    "centre-searches": centre_tables.searches,
    "history": history_table.history,
    "updates": update_tables.updates,
    "visits": visits_table.visits,
    "collected": collected_table.collected,
    "collected-gain": collected_table.collected_gain,
    "labels-line": own_data.labels_line,
    "new-country-file": new_country.country_block,
    **{name: partial(extending.file_block, name) for name in extending.FILES},
}
MARKED = re.compile(r"(<!-- figures: ([a-z-]+) -->\n)(.*?)(<!-- end figures -->)", re.DOTALL)


def filled(text: str, repository: Path) -> str:
    """A page with each of its blocks made anew.

    Raises:
        ValueError: a block has a name that nothing makes.
    """

    def fill(found: re.Match[str]) -> str:
        opening, name, _, end = found.groups()
        if name not in BLOCKS:
            raise ValueError(f"no block of figures is called {name!r}: known are {', '.join(BLOCKS)}")
        return f"{opening}{BLOCKS[name](repository).strip()}\n{end}"

    return MARKED.sub(fill, text)


def without_blocks(text: str) -> str:
    """A page without what is filled in."""
    return MARKED.sub("", text)
