"""Words that hide what is meant, each with its plain substitute; `make check` looks for them.

python -m tests.house.words [FOLDER ...]   lists every occurrence; exit status 1 where an area has more than it may

Comments and texts of several words in Python (docstrings, messages, help) are read, and prose in Markdown. Code between
backticks isn't: a name that other programs know may stay.
"""

import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
AREAS = (
    "edge",
    "export",
    "train",
    "benchmarks/lpr_bench",
    "benchmarks/rivals",
    "fleet",
    "batch",
    "benchmarks/README.md",
    "docs",
    "README.md",
    "CONTRIBUTING.md",
)
"""Folders and files that are read; results and models in them are not prose."""
PLAIN = {
    r"tell|tells|told|telling": "report, return, mean, distinguish, or `Whether ...`",
    r"beside": "next to, compared with, relative to, in addition to",
    r"(?:sur|unsur)(?:er|est|ely|eness)|unsure": "confidence, highest confidence, low-confidence",
    r"doubt\w*": "low confidence",
    r"judge\w*|judging|judgements?": "score, check, metric",
    r"wish\w*": "option, request",
    r"yardsticks?": "reference workload",
    r"partings?": "divergence",
    r"false alarms?": "false positive",
    r"the truth": "ground truth",
    r"lookalikes?|lures?|strangers?": "hard negative",
    r"learnt by heart": "overfit",
    r"couriers?|announcers?": "delivery worker",
    r"ballots?|polls?": "vote",
    r"lighten\w*": "low-light gain",
    r"veils?|veiled": "blur",
    r"vitals": "runtime statistics",
    r"put by": "kept",
    r"boil\w* down": "summarize",
    r"twice over|anew": "again",
    r"somebody|somebody's|anybody|anyone|whoever|whomever": "a person, a user, another program",
    r"mend|mends|mended|mendable": "fix, repair",
    r"(?<!demo )films?|filmed": "video, clip",
    r"lets? go": "drop, release",
    r"hears?|heard": "is called with, receives, logs",
    r"at hand": "available, current",
    r"drives? up": "approach",
    r"fewest": "smallest number, minimum",
    r"remembers?": "store, cache",
    r"(?:makes?|says?) of": "result of, value of",
}
"""Pattern of whole words -> what to say."""
ALLOWED: dict[str, int] = {}
"""Area -> occurrences that it still has: lower the figure with each that goes, and remove the line with the last."""

GENERATED = {"models", "results", "cli.md", "records.md"}
"""Folders and pages that commands write."""
BEGIN, END = "<!-- figures:", "<!-- end figures"
"""Around what `tools.docs` fills into a page."""


class Occurrence(NamedTuple):
    """A word in a file."""

    path: Path
    line: int
    word: str
    plain: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(REPOSITORY)}:{self.line}: {self.word!r}: say {self.plain}"


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are prose, each with its number."""
    text = path.read_text(encoding="utf-8")
    yield from prose_of_python(text) if path.suffix == ".py" else prose_of_markdown(text)


def prose_of_python(source: str) -> Iterator[tuple[int, str]]:
    """Comments, and texts of several words; the parts of an f-string are tokens of their own from Python 3.12 on."""
    texts = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT or (token.type in texts and " " in token.string):
            yield from enumerate(token.string.splitlines(), token.start[0])


def prose_of_markdown(text: str) -> Iterator[tuple[int, str]]:
    """Lines outside of fenced blocks, and of blocks that `tools.docs` fills from sources that are read themselves."""
    is_code = is_generated = False
    for number, line in enumerate(text.splitlines(), 1):
        is_generated = (is_generated or line.startswith(BEGIN)) and not line.startswith(END)
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not (is_code or is_generated):
            yield number, line


def without_code(line: str) -> str:
    """A line without what stands between backticks, and without the fields of an f-string."""
    return re.sub(r"`[^`]*`|\{[^{}]*\}|\]\([^)]*\)", "", line)


def find_words(path: Path) -> Iterator[Occurrence]:
    """Every word of `PLAIN` in a file's prose."""
    for number, line in prose_of(path):
        for pattern, plain in PLAIN.items():
            for found in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", without_code(line), re.IGNORECASE):
                yield Occurrence(path, number, found.group(), plain)


def files_of(area: Path) -> list[Path]:
    """The Python and Markdown files of an area that people write: no model cards, and no generated pages."""
    if area.is_file():
        return [area]
    found = sorted(path for suffix in ("*.py", "*.md") for path in area.rglob(suffix))
    return [path for path in found if not GENERATED & set(path.relative_to(area).parts)]


def count_words(areas: Sequence[str] = AREAS) -> dict[str, list[Occurrence]]:
    """Every occurrence, by area."""
    existing = [area for area in areas if (REPOSITORY / area).exists()]
    return {area: [one for path in files_of(REPOSITORY / area) for one in find_words(path)] for area in existing}


def main(areas: Sequence[str]) -> int:
    """List occurrences; returns 1 where an area has more than it may."""
    found = count_words(areas or AREAS)
    too_many = {area for area, occurrences in found.items() if len(occurrences) > ALLOWED.get(area, 0)}
    for area in sorted(set(areas) | too_many):
        print("\n".join(map(str, found[area])))
    for area in sorted(too_many):
        commonest = ", ".join(f"{word} {n}" for word, n in Counter(o.word for o in found[area]).most_common(8))
        print(f"{area}: {len(found[area])} words to replace, {ALLOWED.get(area, 0)} allowed: {commonest}")
    return 1 if too_many else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
