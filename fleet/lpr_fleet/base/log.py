"""What a server writes to stderr: one line for each thing that an operator should know."""

import logging

from lpr_edge.contract.base.command import log_to_stderr

LOG = logging.getLogger("lpr-fleet")


def start_log() -> None:
    """Write messages to stderr."""
    log_to_stderr(LOG)
