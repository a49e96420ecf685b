"""Messages on stderr: progress, and what a person should see to."""

import logging

from lpr_edge.contract.base.command import log_to_stderr

LOG = logging.getLogger("lpr-batch")


def start_log() -> None:
    """Write messages to stderr, and not to the root logger too, which Ray configures."""
    log_to_stderr(LOG)
    LOG.propagate = False
