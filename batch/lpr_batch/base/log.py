"""Messages on stderr: progress, and what a person should see to."""

import logging
import sys

LOG = logging.getLogger("lpr-batch")


def start_log() -> None:
    """Write messages to stderr."""
    if not LOG.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("lpr-batch: %(message)s"))
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
        LOG.propagate = False
