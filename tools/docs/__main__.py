"""`python -m tools.docs`: write what README and docs/ take from code and result files; `--check` only compares."""

import argparse
import sys
from pathlib import Path

from tools.docs.cli_page import cli_page
from tools.docs.figures import filled
from tools.docs.own_data import make_pictures
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
    parser.add_argument("--pictures", action="store_true", help="draw the pictures and run the demo anew, too")
    parsed = parser.parse_args(argv)
    if parsed.pictures:
        from tools.docs.label_picture import draw_label_page
        from tools.docs.web_pictures import draw_web_pages

        make_pictures(REPOSITORY)
        draw_label_page(REPOSITORY)
        draw_web_pages(REPOSITORY)
    changed = {page: text for page, text in pages().items() if _text(page) != text}
    for page, text in changed.items():
        name = page.relative_to(REPOSITORY)
        if parsed.check:
            print(f"{name} is out of date: make docs", file=sys.stderr)
        else:
            page.write_text(text, encoding="utf-8")
            print(f"Wrote {name}", file=sys.stderr)
    return int(parsed.check and bool(changed))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8") if page.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
