"""One small adapter a runtime, behind `open_model`."""

from lpr_edge.runtimes.model import Model
from lpr_edge.runtimes.opening import RUNTIMES, open_model

__all__ = ["RUNTIMES", "Model", "open_model"]
