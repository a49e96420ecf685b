"""What a reader gains on photographs of a new source, and loses on the known ones.

python -m tests.support.fine_tune_gain --data DIR --from RUN --folder FOLDER --json FILE      (half an hour)

The starting reader hasn't seen the photographs of one source. It is fine-tuned on them as a user would, with
`lpr-train fine-tune reader` and its defaults, and the known sources as `--also`. The test splits decide nothing.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.collected_gain import Line, lines_of, write_folder

from lpr_bench.base.results import write_result
from lpr_train.app.cli import main as lpr_train
from lpr_train.fine_tune.fine_tune import RESULT


def divide(data: Path, source: str, known: Sequence[str], folder: Path) -> None:
    """Make `new` with the photographs of one source, and `known` with those of others; both with both splits.

    Args:
        data: labelled photographs.
        source: of the photographs that the reader hasn't seen.
        known: the sources that it was trained on.
        folder: takes both.
    """
    images, lines = data / "plates" / "images", lines_of(data)
    for name, sources in (("new", [source]), ("known", known)):
        own: list[Line] = [line for line in lines if line["source"] in sources]
        write_folder(folder / name, [(images, own)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Fine-tune, and write the run's comparison with the minutes of processor time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="holds plates/ with several sources")
    parser.add_argument("--from", dest="start", required=True, help="run of a reader trained on --known alone")
    parser.add_argument("--source", default="hamro", help="source of the photographs that it hasn't seen")
    parser.add_argument("--known", default="street,koshi", help="sources that it was trained on")
    parser.add_argument("--folder", type=Path, required=True, help="takes the two data folders and the run")
    parser.add_argument("--json", type=Path, required=True)
    flags = parser.parse_args(arguments)
    new, known, out = (flags.folder / name for name in ("new", "known", "run"))
    divide(flags.data, flags.source, flags.known.split(","), flags.folder)
    words = ["--data", str(new), "--also", str(known), "--from", flags.start, "--out", str(out)]
    began = time.process_time()
    status = lpr_train(["fine-tune", "reader", *words])
    if (out / RESULT).exists():
        result = json.loads((out / RESULT).read_text(encoding="utf-8"))
        result["cpu_minutes"] = round((time.process_time() - began) / 60, 1)
        write_result(flags.json, result)
    return status


if __name__ == "__main__":
    sys.exit(main())
