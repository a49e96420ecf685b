"""Which parts of a frame region and tiles give together: for those who draw them."""

from lpr_edge.regions.roi import Box, box_around
from lpr_edge.regions.shapes import Region, Tiling
from lpr_edge.regions.tiles import grid_of


def tiles_within(tiling: Tiling, region: Region | None, size_hw: tuple[int, int], network_side: int) -> list[Box]:
    """The tiles of a frame in its pixels, row by row; none where it is searched as a whole.

    Args:
        tiling: what is asked for.
        region: tiles are parts of the box around it; None for the whole frame.
        size_hw: height and width of the frame.
        network_side: longer side of the detector's input.
    """
    box = Box(0, 0, size_hw[1], size_hw[0]) if region is None else box_around(region.corners_xy, size_hw)
    part_hw = box.bottom - box.top, box.right - box.left
    return [
        Box(box.left + each.left, box.top + each.top, box.left + each.right, box.top + each.bottom)
        for each in grid_of(tiling, part_hw, network_side)
    ]
