"""Errors of an export, each printed as one line."""

from lpr_edge.contract.base.errors import LprError

ADVICE = "Build it from convolutions, dense layers, ReLU, pooling, sigmoid and softmax"
"""What to do about a layer that TFLite has no operator for."""


class ExportError(LprError):
    """A run can't be exported; the message says what was found, what was expected and what to do next."""


class GateError(ExportError):
    """The converted files are worse than the float network, so they were not published."""

    def __init__(self, message: str, table: str) -> None:
        super().__init__(message)
        self.table = table
        """The comparison as text, one line per file and runtime."""
