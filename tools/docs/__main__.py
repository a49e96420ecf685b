"""`python -m tools.docs`: write what the documentation takes from code and result files; `--check` only compares."""

import argparse
import sys
from pathlib import Path

from tools.docs.cli_page import cli_page
from tools.docs.figures import filled
from tools.docs.own_data import own_data_pages
from tools.docs.records_page import records_page

REPOSITORY = Path(__file__).resolve().parents[2]


def pages(repository: Path = REPOSITORY) -> dict[Path, str]:
    """Each page that holds generated text -> what it should hold."""
    whole = {
        repository / "docs/cli.md": cli_page(),
        repository / "docs/records.md": records_page(repository),
    }
    written = sorted({repository / "README.md", *(repository / "docs").glob("*.md")} - set(whole))
    return whole | {page: filled(page.read_text(encoding="utf-8"), repository) for page in written}


def main(argv: list[str] | None = None) -> int:
    """Write or compare; the exit status is 1 where a page is out of date and was to be compared."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is out of date")
    parsed = parser.parse_args(argv)
    changed = [page for page, text in pages().items() if not page.exists() or page.read_text("utf-8") != text]
    for page in changed:
        print(f"{'Out of date' if parsed.check else 'Wrote'}: {page.relative_to(REPOSITORY)}", file=sys.stderr)
        if not parsed.check:
            page.write_text(pages()[page], encoding="utf-8")
    if not parsed.check:
        own_data_pages(REPOSITORY)
    return int(parsed.check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
