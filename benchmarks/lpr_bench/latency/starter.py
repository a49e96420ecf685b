"""Start a command from a small process: `python -I -S starter.py RESULT COMMAND...`.

Linux counts the memory of a process before exec into the new program's `ru_maxrss`, so a command started directly from
a benchmark seems to need as much memory as the benchmark. This program imports nothing of lpr's.
RESULT takes JSON: `started` (clock at the start, seconds), `status` (as wait returns it) and
`peak_bytes`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter


def main() -> None:
    """Run the command and write its start time, status and peak memory."""
    result, *command = sys.argv[1:]
    started = perf_counter()
    process = subprocess.Popen(command)
    # Only wait4 gives this child's memory; the totals of all children keep the largest one.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = {"started": started, "status": process.returncode, "peak_bytes": usage.ru_maxrss * 1024}
    Path(result).write_text(json.dumps(took), encoding="utf-8")


if __name__ == "__main__":
    main()
