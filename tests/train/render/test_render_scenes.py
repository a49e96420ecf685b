"""Street scenes, repainted photographs and contact sheets."""

from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.islands import islands

from lpr_edge.contract.base.errors import DataError, LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.country import Country
from lpr_edge.contract.geometry import is_convex, rectangle, rectify, signed_area
from lpr_train.render.draw.warp import homography, move_boxes, move_points, random_corners
from lpr_train.render.plate.plates import PlateRenderer, RenderedPlate
from lpr_train.render.scene.preview import contact_sheet, tile
from lpr_train.render.scene.repaint import paste_plate
from lpr_train.render.scene.scenes import SEEN_ENOUGH, RenderedScene, SceneRenderer

SIZE_HW = (240, 320)


@pytest.fixture(scope="module")
def nepal() -> Country:
    """The country that lpr carries."""
    return load_country("nepal")


@pytest.fixture(scope="module")
def renderer(nepal: Country) -> SceneRenderer:
    """Draws its streets."""
    return SceneRenderer(nepal)


@pytest.fixture(scope="module")
def scenes(renderer: SceneRenderer) -> list[RenderedScene]:
    """Streets enough to see every kind."""
    return [renderer.render(np.random.default_rng(seed), SIZE_HW) for seed in range(70)]


def test_scenes_have_the_size_asked_for(scenes: list[RenderedScene]) -> None:
    """Also where the street lies on its side."""
    assert all(scene.image_bgr.shape == (*SIZE_HW, 3) and scene.image_bgr.dtype == np.uint8 for scene in scenes)


def test_quads_are_convex_clockwise_and_mostly_inside(scenes: list[RenderedScene]) -> None:
    """A labelled plate can be rectified, and at least the promised part of it is in the picture."""
    quads = [plate.quad_xy for scene in scenes for plate in scene.plates]
    assert len(quads) > 45
    for quad in quads:
        assert quad.dtype == np.float32
        assert is_convex(quad)
        assert signed_area(quad) > 0
        shared, _ = cv2.intersectConvexConvex(quad, rectangle(SIZE_HW))
        assert shared >= 0.98 * SEEN_ENOUGH * signed_area(quad)


def test_plates_vary_in_number_size_and_turn(scenes: list[RenderedScene]) -> None:
    """None to three plates a scene, small to large, upright, on their side and upside down."""
    quads = [plate.quad_xy for scene in scenes for plate in scene.plates]
    widths = [np.linalg.norm(quad[1] - quad[0]) / max(SIZE_HW) for quad in quads]
    angles = [np.degrees(np.arctan2(*(quad[1] - quad[0])[::-1])) for quad in quads]
    assert {len(scene.plates) for scene in scenes} >= {0, 1, 2}
    assert min(widths) < 0.06
    assert max(widths) > 0.35
    assert max(widths) < 0.75
    assert sum(abs(angle) < 31 for angle in angles) > 0.6 * len(angles)
    assert any(60 < angle < 120 for angle in angles)
    assert any(-120 < angle < -60 for angle in angles)
    assert any(abs(angle) > 150 for angle in angles)


def test_same_seed_same_scene(renderer: SceneRenderer, nepal: Country, scenes: list[RenderedScene]) -> None:
    """A scene is a function of its generator, whatever was drawn before."""
    again = SceneRenderer(nepal).render(np.random.default_rng(7), SIZE_HW)
    assert np.array_equal(again.image_bgr, scenes[7].image_bgr)
    assert all(np.array_equal(a.quad_xy, b.quad_xy) for a, b in zip(again.plates, scenes[7].plates, strict=True))


class _Flags:
    """Stands for a plate renderer: plates with a blue left and a green right half, red along the foot."""

    def render(self, _: np.random.Generator) -> RenderedPlate:
        image = np.zeros((60, 120, 3), np.uint8)
        image[:, :60, 0] = image[:, 60:, 1] = 220
        image[40:] = (0, 0, 220)
        return RenderedPlate(image, (("१",),), (), "flag", "flag", np.full((60, 120), 255, np.uint8))


def test_quads_show_the_plates(nepal: Country) -> None:
    """What lies in a quad is the plate, its own top left first, also where the street was turned."""
    renderer = SceneRenderer(nepal, cast("PlateRenderer", _Flags()), strength=0.0)
    shown = 0
    for seed in range(40):
        scene = renderer.render(np.random.default_rng(seed), (240, 320))
        for plate in scene.plates:
            shared, _ = cv2.intersectConvexConvex(plate.quad_xy, rectangle((240, 320)))
            if shared < 0.99 * signed_area(plate.quad_xy) or np.linalg.norm(plate.quad_xy[1] - plate.quad_xy[0]) < 30:
                continue
            seen = rectify(scene.image_bgr, plate.quad_xy, (60, 120)).astype(int)
            places = (seen[12:28, 15:45], seen[12:28, 75:105], seen[46:54, 20:100])
            assert [int(place.mean(axis=(0, 1)).argmax()) for place in places] == [0, 1, 2]
            shown += 1
    assert shown > 10


def test_latin_streets_render() -> None:
    """Boards and plates of a country without Devanagari."""
    scene = SceneRenderer(islands()).render(np.random.default_rng(3), SIZE_HW)
    assert scene.image_bgr.shape == (*SIZE_HW, 3)


@given(seed=st.integers(0, 2**32 - 1), strength=st.floats(0, 1))
def test_random_corners_can_always_be_warped_back(seed: int, strength: float) -> None:
    """Points moved onto a random perspective and back are where they were."""
    corners = random_corners(np.random.default_rng(seed), (80, 160), strength)
    assert is_convex(corners)
    there, back = homography(corners, rectangle((80, 160))), homography(rectangle((80, 160)), corners)
    points = np.array([[10, 10], [150, 40], [80, 70]], np.float32)
    assert np.allclose(move_points(move_points(points, there), back), points, atol=0.5)


def test_boxes_move_with_the_picture() -> None:
    """A plain shift and scale moves boxes exactly."""
    matrix = np.array([[2, 0, 10], [0, 3, -5], [0, 0, 1]], np.float32)
    boxes = np.array([[1, 2, 4, 6]], np.float32)
    assert np.allclose(move_boxes(boxes, matrix), [[12, 1, 8, 18]])


def test_pasted_plate_covers_the_quad_and_nothing_else(nepal: Country) -> None:
    """Far from the quad the photograph is untouched; in it stands the new plate, in the photograph's light."""
    rng = np.random.default_rng(5)
    photo = rng.integers(90, 110, (200, 300, 3)).astype(np.uint8)
    quad = np.array([[100, 60], [220, 70], [215, 140], [95, 128]], np.float32)
    before = photo.copy()
    plate = PlateRenderer(nepal).render(rng, text="बा२प\n४५६७")
    found = paste_plate(photo, quad, plate.image_bgr, rng)
    assert np.array_equal(photo, before)
    assert np.array_equal(found[:40], photo[:40])
    assert np.array_equal(found[:, :80], photo[:, :80])
    inside = rectify(found, quad, (70, 120))
    assert inside[10:-10, 10:-10].std() > 5
    assert abs(float(inside.mean()) - 100) < 25


def test_pasted_plate_may_reach_over_the_edge(nepal: Country) -> None:
    """A quad that leaves the photograph is painted as far as it is inside."""
    rng = np.random.default_rng(6)
    photo = np.full((100, 100, 3), 80, np.uint8)
    quad = np.array([[-30, 20], [40, 20], [40, 60], [-30, 60]], np.float32)
    plate = PlateRenderer(nepal).render(rng)
    found = paste_plate(photo, quad, plate.image_bgr, rng, plate.alpha)
    assert (found[25:55, 2:35] != 80).any()
    assert (found[:, 60:] == 80).all()


@pytest.mark.parametrize("kind", ["plates", "characters", "scenes"])
def test_contact_sheets_are_drawn(kind: str, nepal: Country) -> None:
    """A sheet of each kind is a picture that the seed decides."""
    sheet = contact_sheet(kind, nepal, seed=1, count=14 if kind != "scenes" else 2)
    assert sheet.ndim == 3
    assert sheet.std() > 10
    assert np.array_equal(sheet, contact_sheet(kind, nepal, seed=1, count=14 if kind != "scenes" else 2))


def test_unknown_sheet_and_empty_sheet_are_refused(nepal: Country, tmp_path: Path) -> None:
    """Errors say what there is, and what was expected."""
    with pytest.raises(LprError, match="no contact sheet of 'cats': choose from plates, characters, scenes"):
        contact_sheet("cats", nepal, 1, 4)
    with pytest.raises(LprError, match="at least 1 picture, and 0"):
        contact_sheet("plates", nepal, 1, 0)
    with pytest.raises(DataError, match="no characters data"):
        contact_sheet("plates", nepal, 1, 1, tmp_path)


def test_tiles_wrap_into_rows() -> None:
    """Pictures of one height fill a row, and the next row begins when it is full."""
    pictures = [np.full((50, 700, 3), 9, np.uint8)] * 5
    assert tile(pictures, 50).shape == (3 * 54, 1600, 3)
