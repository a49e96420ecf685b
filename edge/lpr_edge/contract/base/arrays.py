"""Type aliases of arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) BGR or (H, W, 1) grey picture, as OpenCV gives it."""

Quad = NDArray[np.float32]
"""(4, 2) corners x, y in pixels, clockwise from the plate's own top left."""

Floats = NDArray[np.float32]
"""Any float32 array."""

AnyArray = NDArray[Any]
"""An array whose type the code around it decides: a network's raw outputs, for one."""
