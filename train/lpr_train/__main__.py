"""`python -m lpr_train` is `lpr-train`."""

import sys

from lpr_train.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
