"""Random views of scenes, as a detector is trained on them, and the windows in which false positives are looked for."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image, Quad
from lpr_edge.contract.geometry import mirror_quad, quad_size, rectangle, upright_transform
from lpr_edge.contract.preprocess import PADDING
from lpr_train.data.photos import Scene


@dataclass(frozen=True)
class ViewConfig:
    """Range of the random views."""

    whole_share: float = 0.4
    """Fraction of images shown whole, as the device sees a frame."""
    far_share: float = 0.2
    """Fraction of the whole images that are shown much smaller, as from afar."""
    upright_share: float = 0.2
    """Fraction of images that show a plate upright and in the middle, as crop re-detection does."""
    least_plate: float = 0.025
    """Width of the smallest plate, relative to the view."""
    largest_plate: float = 0.65
    turned_share: float = 0.25
    """Fraction of images rotated by 90, 180 or 270 degrees."""
    lean: float = 11.0
    """Standard deviation of the rotation in degrees."""
    perspective: float = 0.08
    """Maximum shift of the view's corners, relative to the view."""
    stretch: float = 0.12
    """Standard deviation of the logarithm of the aspect ratio's change."""
    much_stretched_share: float = 0.2
    """Fraction of images that are stretched more, as pictures are that were fitted into a square."""
    much_stretch: float = 0.35
    """The same standard deviation of these."""


def view(scene: Scene, behind: Scene, size: int, rng: np.random.Generator, config: ViewConfig) -> Scene:
    """Make a random view of a scene: scaled, rotated, in perspective, on a square of `size` pixels.

    Plates that are mostly outside the view become ignored ones.

    Args:
        scene: the scene to view.
        behind: another scene, shown where the first one doesn't reach, unless letterbox grey is.
        size: height and width of the view.
        rng: source of all random choices.
        config: range of the random transforms.
    """
    kind = rng.random()
    whole = kind < config.whole_share
    if scene.quads and kind > 1.0 - config.upright_share:
        return _upright_view(scene, size, rng)
    transform = _whole_view(scene, size, rng, config) if whole else _near_view(scene, size, rng, config)
    transform = _lean(size, rng, config) @ transform if rng.random() < 0.8 else transform
    back = Scene(np.full((size, size, 3), PADDING, np.uint8), ())
    if not whole and rng.random() < 0.8:
        back = _seen_through(behind, back, _filling_view(behind, size, rng), size)
    return _quarter_turned(_seen_through(scene, back, transform, size), size, rng, config)


MIN_WIDTH = 0.02
"""Width of a plate, relative to the view, below which it may or may not be detected."""
MIN_VISIBLE = 0.6
"""Fraction of a plate that must be in the view for the plate to count."""


def _seen_through(scene: Scene, back: Scene, transform: Floats, size: int) -> Scene:
    """Warp a scene onto another one, and combine their visible plates."""
    image = back.image_bgr.copy()
    shrunk, warp = _shrunk(scene.image_bgr, transform), _without_shrinking(scene.image_bgr, transform)
    cv2.warpPerspective(shrunk, warp, (size, size), dst=image, borderMode=cv2.BORDER_TRANSPARENT)
    outline = _moved(rectangle((scene.image_bgr.shape[0], scene.image_bgr.shape[1])), transform)
    moved = scene.with_quads(lambda quad: _moved(quad, transform))
    cut = [quad for quad in (*moved.quads, *moved.loose) if 0.0 < _visible(quad, size) < MIN_VISIBLE]
    hidden = [quad for quad in back.plates if 0.0 < _shared(quad, outline) < 1.0]
    bare = [quad for quad in back.ignored if _shared(quad, outline) == 0.0]

    def in_view(front: tuple[Quad, ...], behind: tuple[Quad, ...]) -> tuple[Quad, ...]:
        kept = [quad for quad in front if _visible(quad, size) >= MIN_VISIBLE]
        return (*kept, *(quad for quad in behind if _shared(quad, outline) == 0.0))

    quads, loose = in_view(moved.quads, back.quads), in_view(moved.loose, back.loose)
    tiny = [quad for quad in (*quads, *loose) if quad_size(quad)[0] < MIN_WIDTH * size]
    return Scene(
        image, _without(quads, tiny), (*moved.ignored, *cut, *hidden, *bare, *tiny), loose=_without(loose, tiny)
    )


def _without(quads: tuple[Quad, ...], others: list[Quad]) -> tuple[Quad, ...]:
    """The quads that aren't among the other ones, by identity."""
    return tuple(quad for quad in quads if not any(quad is other for other in others))


def _filling_view(scene: Scene, size: int, rng: np.random.Generator) -> Floats:
    """Random transform (3, 3) with which the image fills the view."""
    height, width = scene.image_bgr.shape[:2]
    scale = size / min(height, width) * rng.uniform(1.0, 1.6)
    return _scaled_and_moved(scale, *(rng.uniform(0.0, 1.0, 2) * (size - width * scale, size - height * scale)))


UPRIGHT_PLATES = (0.28, 0.45)
"""Range of a plate's longer side, relative to an upright view."""
UPRIGHT_CONFIG = ViewConfig(lean=3.0, perspective=0.03, stretch=0.05, much_stretched_share=0.0)
"""How far an upright view is off: the corners that it is made from are those of a detector."""


def _upright_view(scene: Scene, size: int, rng: np.random.Generator) -> Scene:
    """Show a plate upright in the middle of a view, about as crop re-detection sees it; every third one mirrored."""
    quad = scene.quads[rng.integers(len(scene.quads))]
    share = rng.uniform(*UPRIGHT_PLATES)
    to_view = np.linalg.inv(upright_transform(quad, share, (size, size)))
    transform = _lean(size, rng, UPRIGHT_CONFIG) @ to_view
    transform = _scaled_and_moved(1.0, *rng.normal(0.0, 0.03 * share * size, 2)) @ transform
    seen = _seen_through(scene, Scene(np.full((size, size, 3), PADDING, np.uint8), ()), transform, size)
    return _flipped(seen) if rng.random() < 1 / 3 else seen


def _flipped(scene: Scene) -> Scene:
    """Mirror a scene left to right, the plates' text too."""
    flipped = scene.with_quads(lambda quad: mirror_quad(quad, scene.image_bgr.shape[1]))
    return replace(flipped, image_bgr=np.asarray(cv2.flip(scene.image_bgr, 1), np.uint8))


def _whole_view(scene: Scene, size: int, rng: np.random.Generator, config: ViewConfig) -> Floats:
    """Transform (3, 3) of letterboxing, as on the device, with a random scale."""
    height, width = scene.image_bgr.shape[:2]
    scale = size / max(height, width) * rng.uniform(0.8, 1.05)
    if rng.random() < config.far_share:
        largest = max((quad_size(quad)[0] for quad in scene.quads), default=0.0) * scale / size
        scale *= rng.uniform(min(1.0, max(0.3, config.least_plate / max(largest, 1e-3))), 1.0)
    place = rng.uniform(0.0, 1.0, 2) * (rng.random() < 0.5)
    return _scaled_and_moved(scale, *(place * (size - width * scale, size - height * scale)))


def _near_view(scene: Scene, size: int, rng: np.random.Generator, config: ViewConfig) -> Floats:
    """Random transform (3, 3) that shows a plate, or a hard negative, with a random width at a random position."""
    height, width = scene.image_bgr.shape[:2]
    least = 0.6 * size / max(height, width)
    quads = (*scene.quads, *scene.hard_negatives) or (*scene.loose, *scene.ignored)
    if not quads:
        scale = least * float(np.exp(rng.uniform(0.0, 1.5)))
        return _scaled_and_moved(scale, *(rng.uniform(0, 1, 2) * (size - width * scale, size - height * scale)))
    quad = quads[rng.integers(len(quads))]
    wanted = float(np.exp(rng.uniform(np.log(config.least_plate), np.log(config.largest_plate)))) * size
    scale = float(np.clip(wanted / max(1.0, quad_size(quad)[0]), 0.6 * least, 6.0 * least + 1.0))
    place = rng.uniform(0.08, 0.92, 2) * size
    return _scaled_and_moved(scale, *(place - quad.mean(axis=0) * scale))


def _scaled_and_moved(scale: float, x: float, y: float) -> Floats:
    return np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]], np.float64)


def _lean(size: int, rng: np.random.Generator, config: ViewConfig) -> Floats:
    """Random transform (3, 3): rotation about the view's centre, stretch and perspective."""
    angle = float(np.clip(rng.normal(0.0, config.lean), -30, 30))
    turned = np.vstack([cv2.getRotationMatrix2D((size / 2, size / 2), angle, rng.uniform(0.92, 1.08)), [0, 0, 1]])
    amount = config.much_stretch if rng.random() < config.much_stretched_share else config.stretch
    wider, middle = float(np.exp(np.clip(rng.normal(0.0, amount), -3.0 * amount, 3.0 * amount) / 2)), size / 2
    stretched = np.array([[wider, 0, middle * (1 - wider)], [0, 1 / wider, middle * (1 - 1 / wider)], [0, 0, 1]])
    corners = rectangle((size, size))
    moved = corners + rng.uniform(-config.perspective, config.perspective, (4, 2)).astype(np.float32) * size
    return np.asarray(cv2.getPerspectiveTransform(corners, moved.astype(np.float32)) @ stretched @ turned)


def _shrink_factor(transform: Floats) -> int:
    scale = float(np.sqrt(abs(np.linalg.det(transform[:2, :2]))))
    return max(1, int(1.0 / max(scale, 1e-3)))


def _shrunk(image: Image, transform: Floats) -> Image:
    """The image, downsampled by an integer factor to avoid aliasing."""
    factor = _shrink_factor(transform)
    size = (max(1, image.shape[1] // factor), max(1, image.shape[0] // factor))
    return image if factor == 1 else np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _without_shrinking(image: Image, transform: Floats) -> Floats:
    factor = _shrink_factor(transform)
    height, width = image.shape[:2]
    if factor == 1:
        return transform
    return np.asarray(transform @ np.diag([width / max(1, width // factor), height / max(1, height // factor), 1.0]))


def _moved(quad: Quad, transform: Floats) -> Quad:
    return np.asarray(cv2.perspectiveTransform(quad[np.newaxis].astype(np.float64), transform)[0], np.float32)


def _visible(quad: Quad, size: int) -> float:
    """Fraction of a plate's area inside the view."""
    return _shared(quad, rectangle((size, size)))


def _shared(quad: Quad, other: Quad) -> float:
    """Fraction of a quad's area inside another one."""
    area = abs(cv2.contourArea(quad))
    shared, _ = cv2.intersectConvexConvex(quad, other)
    return min(1.0, shared / area) if area > 0 else 0.0


def _quarter_turned(scene: Scene, size: int, rng: np.random.Generator, config: ViewConfig) -> Scene:
    if rng.random() >= config.turned_share:
        return scene
    turns = int(rng.choice([1, 2, 3], p=[0.4, 0.2, 0.4]))
    image = np.ascontiguousarray(np.rot90(scene.image_bgr, turns))
    return replace(scene.with_quads(lambda quad: _turned(quad, turns, size)), image_bgr=image)


def _turned(quad: Quad, turns: int, size: int) -> Quad:
    """Rotate (4, 2) corners with a square view, counterclockwise by `turns` times 90 degrees, in the same order."""
    for _ in range(turns):
        quad = np.stack([quad[:, 1], size - quad[:, 0]], axis=1)
    return np.ascontiguousarray(quad, np.float32)


WINDOW = 0.6
"""Side of a window, relative to the photograph's longer side."""


def windows(scene: Scene) -> list[tuple[Image, tuple[int, int]]]:
    """Cut a scene's image into windows that together show all of it, as the device's tiles do.

    Returns:
        (window (h, w, 3), (left, top) of the window in the scene) of each.
    """
    height, width = scene.image_bgr.shape[:2]
    side = int(WINDOW * max(height, width))
    lefts, tops = ({0, max(0, length - side)} for length in (width, height))
    return [(scene.image_bgr[y : y + side, x : x + side], (x, y)) for y in sorted(tops) for x in sorted(lefts)]
