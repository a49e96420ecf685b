"""`python -m lpr_edge` is `lpr-edge`."""

import sys

from lpr_edge.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
