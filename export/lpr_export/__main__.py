"""`python -m lpr_export` is `lpr-export`."""

import sys

from lpr_export.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
