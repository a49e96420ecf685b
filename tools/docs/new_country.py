"""The country's file that docs/new-country.md builds: what its own command line writes."""

import re
import shlex
from pathlib import Path

from lpr_train.app.cli import build_parser
from lpr_train.countries.commands import collect_answers
from lpr_train.countries.draft import country_text

PAGE = Path("docs/new-country.md")


def page_command(repository: Path) -> list[str]:
    """The words of the page's `lpr-train new-country` line, without the command's name.

    Raises:
        ValueError: the page has none.
    """
    text = (repository / PAGE).read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r"^lpr-train (new-country .*)$", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{PAGE} shows no line `lpr-train new-country ...`")
    return shlex.split(found[1])


def country_block(repository: Path) -> str:
    """The file that the page's command writes."""
    words = page_command(repository)
    text = country_text(collect_answers(build_parser(words).parse_args(words)))
    return f"```toml\n{text.strip()}\n```"
