"""`python -m lpr_fleet` is `lpr-fleet`."""

import sys

from lpr_fleet.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
