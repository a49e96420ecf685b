"""Where records go."""

from lpr_edge.sinks.json_lines import JsonLines
from lpr_edge.sinks.opening import open_sinks
from lpr_edge.sinks.sink import Sink

__all__ = ["JsonLines", "Sink", "open_sinks"]
