"""What a server writes to stderr: one line for each thing that an operator should know."""

import logging
import sys

LOG = logging.getLogger("lpr-fleet")


def start_log() -> None:
    """Write messages to stderr, without times: the service manager adds them."""
    if not LOG.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("lpr-fleet: %(message)s"))
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
