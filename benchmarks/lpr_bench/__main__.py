"""`python -m lpr_bench` is `lpr-bench`."""

import sys

from lpr_bench.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
