"""What fast-plate-ocr's trainer learns from: the plates that lpr's reader learns from, rectified, as files.

Real training plates without those that lpr's run holds out (they are the validation set, as they are lpr's), and
rendered ones by lpr's renderer, in the share that lpr's reader is shown. They differ by nothing but the corners' errors
and the degrading of real plates, which lpr draws again each time: here fast-plate-ocr's own
augmentation takes their place.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from tqdm import tqdm

from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.splits import HoldOut
from lpr_train.data.photos import load_photos
from lpr_train.data.real_plates import RealPlate, legible_plates
from lpr_train.data.single_characters import real_cutouts
from lpr_train.render.draw.degrade import degrade
from lpr_train.render.draw.photograph import photograph
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.plates import PlateRenderer
from lpr_train.tasks.reader.config import ReaderConfig
from rivals.alphabet import Alphabet, alphabet_of
from rivals.plates import cut_out

DONE = "training_set.json"
"""Written last: a folder without it isn't whole."""

Row = tuple[str, str]
"""A picture's path relative to the CSV, and its text in the alphabet's signs."""


@dataclass(frozen=True)
class TrainingSet:
    """What was written, for the record."""

    real: int
    """Real plates, each `repeats` times in an epoch."""
    repeats: int
    rendered: int
    """Rendered pictures, each once in an epoch."""
    validation: int
    """Real plates held out."""
    slots: int
    """Signs of the longest plate."""
    render_seconds: float
    """That painting took, on one core; not part of the training's time."""

    @property
    def rows(self) -> int:
        """Pictures in an epoch."""
        return self.real * self.repeats + self.rendered


def write_training_set(data: Path, folder: Path, rendered: int, size_hw: tuple[int, int]) -> TrainingSet:
    """Write pictures, `train.csv` and `validation.csv`; what is there whole is kept.

    Args:
        data: lpr's data folder.
        folder: takes all of it.
        rendered: pictures to render.
        size_hw: of the pictures: what the network takes, so that nothing resizes them again.

    Raises:
        DataError: the folder has no plates.
    """
    done = folder / DONE
    if done.exists():
        return TrainingSet(**json.loads(done.read_text()))
    (folder / "images").mkdir(parents=True, exist_ok=True)
    config = ReaderConfig(data=str(data))
    country = load_country(config.country)
    alphabet = alphabet_of(config.country)
    training, judging = load_photos(data, HoldOut(config.holdout, config.seed), with_crops=True)
    cut = _RealPlates(folder, alphabet, size_hw, config.margin)
    real = cut.write("real", legible_plates(training, country))
    held = cut.write("held", legible_plates(judging, country))
    start = perf_counter()
    painted = list(_paint(folder, config, rendered, size_hw))
    seconds = perf_counter() - start
    repeats = repeats_for(config.real_share, len(real), len(painted))
    write_csv(folder / "train.csv", [*real * repeats, *painted])
    write_csv(folder / "validation.csv", held)
    longest = max(len(text) for _, text in (*real, *held, *painted))
    written = TrainingSet(len(real), repeats, len(painted), len(held), longest, round(seconds, 1))
    done.write_text(json.dumps(asdict(written), indent=1) + "\n")
    return written


def repeats_for(share: float, real: int, rendered: int) -> int:
    """How often each real plate stands in an epoch, so that real plates are about `share` of it."""
    return max(1, round(share / (1 - share) * rendered / real))


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Annotations as fast-plate-ocr reads them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image_path", "plate_text"))
        writer.writerows(rows)


@dataclass(frozen=True)
class _RealPlates:
    """How real plates are written."""

    folder: Path
    alphabet: Alphabet
    size_hw: tuple[int, int]
    margin: float

    def write(self, kind: str, plates: Sequence[RealPlate]) -> list[Row]:
        return [self._write_one(f"images/{kind}-{i:04}.png", plate) for i, plate in enumerate(plates)]

    def _write_one(self, name: str, plate: RealPlate) -> Row:
        picture = cut_out(plate.crop_bgr, plate.quad_xy, self.margin, self.size_hw)
        cv2.imwrite(str(self.folder / name), picture)
        return name, self.alphabet.encode(plate.labels)


def _paint(folder: Path, config: ReaderConfig, count: int, size_hw: tuple[int, int]) -> Iterable[Row]:
    """Rendered plates as the reader is shown them: painted, photographed, degraded."""
    country = load_country(config.country)
    alphabet = alphabet_of(config.country)
    renderer = PlateRenderer(country, GlyphBook(country, real_cutouts(Path(config.data), country)))
    for index in tqdm(range(count), desc="rendering plates", disable=None):
        rng = np.random.default_rng((config.seed, index))
        plate = renderer.render(rng)
        picture, quad = photograph(plate.image_bgr, rng)
        picture = degrade(picture, rng, config.strength * rng.random())
        name = f"images/rendered-{index:05}.png"
        cv2.imwrite(str(folder / name), cut_out(picture, quad, config.margin, size_hw))
        yield name, alphabet.encode([label for row in plate.rows for label in row])
