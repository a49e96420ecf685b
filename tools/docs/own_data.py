"""The documentation's example of labelled data, its drawing, and what the demo reads.

The photograph of the example is rendered; `render_example` makes it anew. Its labels are checked in and so outlive
changes of the renderer.
"""

import json
import shutil
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import cv2
import numpy as np

from lpr_edge.app.cli import main as lpr_edge
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.pictures import read_picture
from lpr_edge.contract.data.plate_photos import PlateLabel, load_plates
from lpr_edge.output.annotate import text_patch

EXAMPLE = Path("docs/examples/own-data")
"""A data folder as lpr reads it."""
DRAWN = Path("docs/images/own-data.jpg")
DEMO = Path("docs/examples/demo.jsonl")
DEMO_PICTURE = Path("docs/images/demo.jpg")
SEED = 20
"""Renders two plates that can be read at a glance."""
CORNER_BGR = (0, 225, 255)
TILE_WIDTH = 420
QUALITY = 70
"""Of JPEGs: corners and texts stay sharp, and a page loads fast on a phone."""


def labels_line(repository: Path) -> str:
    """The example's line of labels, as JSON over several lines."""
    line = json.loads((repository / EXAMPLE / "plates/labels.jsonl").read_text(encoding="utf-8").splitlines()[0])
    plates = line.pop("plates")
    lines = [f" {json.dumps(plate, ensure_ascii=False)}" for plate in plates]
    head = json.dumps(line, ensure_ascii=False)[:-1]
    return f'```json\n{head}, "plates": [\n' + ",\n".join(lines) + "\n]}\n```"


def demo_record(repository: Path) -> str:
    """The first record of the demo, as JSON over several lines."""
    record = json.loads((repository / DEMO).read_text(encoding="utf-8").splitlines()[0])
    lines, line = [], ""
    for key, value in record.items():
        item = f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        if line and len(line) + len(item) > 108:
            lines.append(line)
            line = ""
        line = f"{line}, {item}" if line else item
    return "```json\n{" + ",\n ".join([*lines, line]) + "}\n```"


def make_pictures(repository: Path) -> None:
    """Draw the example's labels, run the demo, and keep what it reads and its vehicles' frames."""
    (repository / DRAWN).write_bytes(labels_picture(repository))
    (repository / DEMO).write_text(run_demo(repository / DEMO_PICTURE), encoding="utf-8")


def labels_picture(repository: Path) -> bytes:
    """The drawn labels as a JPEG of moderate size."""
    return cv2.imencode(".jpg", draw_labels(repository), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def draw_labels(repository: Path) -> Image:
    """The example's photograph with each plate's corners, numbered in the order of its `quad`."""
    photo = load_plates(repository / EXAMPLE)[0]
    enlarged = cv2.resize(read_picture(photo.path), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    picture = np.asarray(enlarged, np.uint8)
    for plate in photo.plates:
        _draw_label(picture, plate)
    return picture


def _draw_label(picture: Image, plate: PlateLabel) -> None:
    quad = 2 * plate.quad_xy
    cv2.polylines(picture, [np.rint(quad).astype(np.int32)], True, CORNER_BGR, 2, cv2.LINE_AA)
    outward = quad - quad.mean(axis=0)
    for number, (corner, away) in enumerate(zip(quad, outward, strict=True)):
        patch = text_patch(str(number), 30, CORNER_BGR)
        left, top = (corner + 26 * away / np.linalg.norm(away) - (patch.shape[1] / 2, 15)).astype(int)
        picture[top : top + patch.shape[0], left : left + patch.shape[1]] = patch


def run_demo(picture: Path | None = None) -> str:
    """What `lpr-edge --demo` prints.

    Args:
        picture: takes each vehicle's best frame, as `--save-images` draws it, side by side.
    """
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()) as out:
        status = lpr_edge(["--demo", "--quiet", "--save-images", folder])
        assert status == 0
        frames = [read_picture(path) for path in sorted(Path(folder).glob("*"))]
        if picture is not None:
            cv2.imwrite(str(picture), _tiled(frames), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    records = [json.loads(line) | {"source": "clip.mp4"} for line in out.getvalue().splitlines()]
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _tiled(frames: list[Image]) -> Image:
    """Pictures of one size in rows of three."""
    height = round(TILE_WIDTH * frames[0].shape[0] / frames[0].shape[1])
    small = [cv2.resize(frame, (TILE_WIDTH, height), interpolation=cv2.INTER_AREA) for frame in frames]
    small += [np.full_like(small[0], 255)] * (-len(small) % 3)
    return np.vstack([np.hstack(small[first : first + 3]) for first in range(0, len(small), 3)])


def render_example(repository: Path) -> None:
    """Render the example's photograph anew, and write its labels."""
    from lpr_edge.contract.countries import load_country
    from lpr_train.render.scene.scenes import SceneRenderer

    scene = SceneRenderer(load_country("nepal"), strength=0.2).render(np.random.default_rng(SEED), (480, 640))
    plates = repository / EXAMPLE / "plates"
    shutil.rmtree(plates, ignore_errors=True)
    (plates / "images").mkdir(parents=True)
    cv2.imwrite(str(plates / "images/rendered_0001.jpg"), scene.image_bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
    labels = [
        {
            "quad": [[round(float(x), 1), round(float(y), 1)] for x, y in plate.quad_xy],
            "rows": ["".join(row) for row in plate.rows],
            "legible": "full",
            "kind": "devanagari",
            "corners": "hand",
        }
        for plate in scene.plates
    ]
    line = {"image": "rendered_0001.jpg", "width": 640, "height": 480, "split": "train", "source": "rendered"}
    text = json.dumps(line | {"plates": labels}, ensure_ascii=False)
    (plates / "labels.jsonl").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    render_example(Path(__file__).resolve().parents[2])
