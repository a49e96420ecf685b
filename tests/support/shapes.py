from lpr_edge.contract.base.arrays import Floats
from lpr_edge.regions.shapes import Region


def region(text: str) -> Floats:
    """(corners, 2) of a region of interest."""
    return Region.parse(text, "roi").corners_xy
