"""What can go wrong in an export, each printed as one line."""

from lpr_edge.contract.errors import LprError

ADVICE = "Build it from convolutions, dense layers, ReLU, pooling, sigmoid and softmax"
"""What to do about a layer that TFLite has no operator for."""


class ExportError(LprError):
    """A run that can't be exported: says what was found, what was expected and what to do next."""


class GateError(ExportError):
    """The exported files are not as good as the float network, so they were not published."""

    def __init__(self, message: str, table: str) -> None:
        super().__init__(message)
        self.table = table
        """The comparison, line by line."""
