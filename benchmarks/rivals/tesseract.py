"""Tesseract beside lpr's reader: the same plates, rectified by their true corners, text and time of both.

`python benchmarks/rivals/tesseract.py --data DIR`, with Tesseract 5 and its Nepali and Devanagari models installed
(Debian: tesseract-ocr, tesseract-ocr-nep, tesseract-ocr-script-deva). Tesseract gets what helps it: plates at their own
size or three hundred pixels wide, a page of one block, and whatever it reads outside the alphabet is left out.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2

from lpr_bench.devices import open_plate_reader
from lpr_bench.environment import describe_environment
from lpr_bench.results import write_result
from lpr_bench.tables import format_share, format_table
from lpr_bench.validity import judge, machine_faults
from lpr_bench.watch import watch
from lpr_edge.contract.arrays import Image
from lpr_edge.contract.country import Country
from lpr_edge.contract.data import PlateLabel, load_plates, read_picture
from lpr_edge.contract.errors import DataError, LprError
from lpr_edge.contract.geometry import quad_size, rectify
from lpr_edge.contract.metrics import character_error_rate, share
from lpr_edge.reader import Reader

LANGUAGES = ("nep", "Devanagari")
WIDTH = 300
"""Pixels that a plate is at least wide for Tesseract, which was trained on scans: small text is where it fails most."""


@dataclass(frozen=True)
class Plate:
    """A fully legible plate of the country's script, in its photograph."""

    frame_bgr: Image
    label: PlateLabel

    @property
    def truth(self) -> str:
        """Its rows joined."""
        return "".join(self.label.text_rows)

    def upright(self) -> Image:
        """The plate alone, at its own size, or enlarged."""
        width, height = quad_size(self.label.quad_xy)
        scale = max(1.0, WIDTH / width)
        return rectify(self.frame_bgr, self.label.quad_xy, (round(height * scale), round(width * scale)))


@dataclass(frozen=True)
class Answers:
    """What a reader said, plate by plate, and what one plate took."""

    name: str
    texts: list[str]
    ms_a_plate: float


def main(argv: Sequence[str] | None = None) -> int:
    """Read all plates with each reader, print and write."""
    parser = argparse.ArgumentParser(description="Tesseract and lpr's reader on the same rectified plates.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds plates/")
    parser.add_argument("--split", default="test", help="part of the data (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and every answer there")
    parsed = parser.parse_args(argv)
    try:
        compare(parsed)
    except LprError as error:
        print(f"tesseract.py: {error}", file=sys.stderr)
        return 1
    return 0


def compare(parsed: argparse.Namespace) -> None:
    """The comparison itself.

    Raises:
        LprError: Tesseract, one of its models or the data is missing.
    """
    check_tesseract()
    cv2.setNumThreads(1)
    reader = open_plate_reader(None, None, "auto", 1).reader
    country = reader.grammar.country
    plates = load(parsed.data, parsed.split, country)
    with watch() as watched:
        answers = [read_with_lpr(reader, plates), *(read_with_tesseract(name, plates) for name in LANGUAGES)]
    truths = [plate.truth for plate in plates]
    print(format_answers(answers, truths, country))
    if parsed.json:
        write_result(parsed.json, describe(answers, truths, country, watched))


def check_tesseract() -> None:
    """See that the command and its models are there.

    Raises:
        LprError: they aren't.
    """
    remedy = "apt install tesseract-ocr tesseract-ocr-nep tesseract-ocr-script-deva"
    if not shutil.which("tesseract"):
        raise LprError(f"the command tesseract is missing: {remedy}")
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True).stdout.split()
    missing = [name for name in LANGUAGES if name not in listed]
    if missing:
        raise LprError(f"Tesseract lacks the model {' and '.join(missing)}: {remedy}")


def load(data: Path, split: str, country: Country) -> list[Plate]:
    """The fully legible plates of the country's script.

    Raises:
        DataError: there is none.
    """
    found = []
    for photo in load_plates(data, split):
        frame = read_picture(photo.path)
        found += [
            Plate(frame, label) for label in photo.plates if (label.legible, label.kind) == ("full", country.script)
        ]
    if not found:
        raise DataError(f"{data} has no fully legible {country.script} plate in the split {split!r}")
    return found


def read_with_lpr(reader: Reader, plates: Sequence[Plate]) -> Answers:
    """The reader of lpr, given the true corners, warping included; in this process, one thread."""
    reader.read(plates[0].frame_bgr, plates[0].label.quad_xy)
    start = perf_counter()
    texts = [reader.read(plate.frame_bgr, plate.label.quad_xy).text for plate in plates]
    return Answers("lpr reader, int8", texts, 1000 * (perf_counter() - start) / len(plates))


def read_with_tesseract(language: str, plates: Sequence[Plate]) -> Answers:
    """Tesseract, all plates in one process, one thread; what it takes to start with one plate is subtracted."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.png" for number in range(len(plates))]
        for path, plate in zip(paths, plates, strict=True):
            cv2.imwrite(str(path), plate.upright())
        alone, _ = _run_tesseract(language, paths[:1])
        seconds, pages = _run_tesseract(language, paths)
    ms = 1000 * (seconds - alone) / max(1, len(paths) - 1)
    return Answers(f"Tesseract, {language}", pages, ms)


def _run_tesseract(language: str, paths: Sequence[Path]) -> tuple[float, list[str]]:
    """Seconds, and the text of each picture."""
    listing = paths[0].with_name("listing.txt")
    listing.write_text("\n".join(map(str, paths)) + "\n")
    command = ["tesseract", str(listing), "stdout", "-l", language, "--psm", "6"]
    start = perf_counter()
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    said = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    seconds = perf_counter() - start
    pages = said.stdout.split("\f")[: len(paths)]
    if said.returncode or len(pages) != len(paths):
        raise LprError(f"tesseract read {len(pages)} of {len(paths)} pictures: {said.stderr.strip()[-200:]}")
    return seconds, pages


def signs(text: str, country: Country) -> tuple[str, ...]:
    """The country's labels in a text; what is none of them is left out."""
    found: list[str] = []
    while text:
        label = next((one for one in sorted(country.labels, key=len, reverse=True) if text.startswith(one)), None)
        found += [label] if label else []
        text = text[len(label or "x") :]
    return tuple(found)


def _score(answers: Answers, truths: Sequence[str], country: Country) -> tuple[int, float]:
    """Plates read exactly, and the character error rate."""
    texts = zip(truths, answers.texts, strict=True)
    pairs = [(signs(truth, country), signs(found, country)) for truth, found in texts]
    return sum(truth == found for truth, found in pairs), character_error_rate(pairs)


def format_answers(answers: Sequence[Answers], truths: Sequence[str], country: Country) -> str:
    """A line a reader."""
    rows = []
    for one in answers:
        exact, errors = _score(one, truths, country)
        rows.append([one.name, format_share(exact, len(truths)), f"{errors:.2f}", f"{one.ms_a_plate:.1f}"])
    return format_table(["rectified plates, true corners", "read exactly", "CER", "ms a plate"], rows)


def describe(
    answers: Sequence[Answers], truths: Sequence[str], country: Country, watched: dict[str, Any]
) -> dict[str, Any]:
    """The result as a record."""
    readers = []
    for one in answers:
        exact, errors = _score(one, truths, country)
        figures = {"exact_match": share(exact, len(truths)), "character_error_rate": errors}
        readers.append({"name": one.name, **figures, "ms_a_plate": one.ms_a_plate, "texts": one.texts})
    machine = {"environment": describe_environment(), "machine": watched, "validity": judge(machine_faults(watched))}
    return {"benchmark": "rivals", "readers": readers, "truths": list(truths), **machine}


if __name__ == "__main__":
    sys.exit(main())
