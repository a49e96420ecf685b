"""`python -m lpr_batch` is `lpr-batch`."""

import sys

from lpr_batch.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
