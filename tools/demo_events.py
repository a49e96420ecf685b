"""`python -m tools.demo_events FILE`: whether the demo's events, run elsewhere, are those of this checkout."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

OF_THE_RUN = ("id", "source", "first_seen", "last_seen")
"""Fields of an event that depend on when and where it was read."""

Event = dict[str, Any]


def demo_events(lines: str) -> list[Event]:
    """The events of the demo's JSON lines, without the fields of the run."""
    events = [json.loads(line) for line in lines.splitlines()]
    return [{key: value for key, value in event.items() if key not in OF_THE_RUN} for event in events]


def own_events(python: str | Path = sys.executable) -> list[Event]:
    """The events of the demo as a Python reads it; this one's, unless another is given."""
    command = [str(python), "-I", "-m", "lpr_edge", "--demo"]
    return demo_events(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def compared(there: list[Event], here: list[Event]) -> tuple[bool, str]:
    """Whether the same plates were read in the same order, and a line that says how near the events are."""
    texts = [[event["text"] for event in events] for events in (there, here)]
    if texts[0] != texts[1]:
        return False, f"{len(there)} plates, which differ from those of this checkout: {texts[0]}, not {texts[1]}"
    fields = {key for ours, theirs in zip(here, there, strict=True) for key in ours if ours[key] != theirs.get(key)}
    differ = f"all but {', '.join(sorted(fields))}" if fields else "each field"
    return True, f"{len(there)} plates, {differ} as in this checkout"


def main() -> int:
    """Compare a file of JSON lines with the demo here; returns 1 where other plates were read."""
    are_same, line = compared(demo_events(Path(sys.argv[1]).read_text(encoding="utf-8")), own_events())
    print(line)
    return 0 if are_same else 1


if __name__ == "__main__":
    sys.exit(main())
