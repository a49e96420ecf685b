"""Starts a command from a small process: `python -I -S starter.py RESULT COMMAND...`.

Linux counts what a process held before it became another program into that program's `ru_maxrss`: a command started
straight from a benchmark seems to need as much memory as the benchmark. This program imports nothing of lpr's.
RESULT takes JSON: `started` (the clock when the command was started, seconds), `status` (as wait tells it) and
`peak_bytes`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter


def main() -> None:
    """Run the command and write what it took."""
    result, *command = sys.argv[1:]
    started = perf_counter()
    process = subprocess.Popen(command)
    # wait4 alone tells this child's memory; the totals of all children would keep the largest that ever was.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = {"started": started, "status": process.returncode, "peak_bytes": usage.ru_maxrss * 1024}
    Path(result).write_text(json.dumps(took), encoding="utf-8")


if __name__ == "__main__":
    main()
