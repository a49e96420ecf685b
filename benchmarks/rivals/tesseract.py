"""Tesseract on the same rectified plates: text and time.

With Tesseract 5 and its Nepali and Devanagari models installed (Debian: tesseract-ocr, tesseract-ocr-nep,
tesseract-ocr-script-deva). It gets what helps it: plates at their own size or three hundred pixels wide, a page of one
block, and whatever it reads outside the alphabet is left out.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import cv2

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.geometry import quad_size, rectify
from rivals.plates import Answers, Plate

LANGUAGES = ("nep", "Devanagari")
WIDTH = 300
"""Pixels that a plate is at least wide for Tesseract, which was trained on scans: small text is where it fails most."""


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


def upright(plate: Plate) -> Image:
    """The plate alone, at its own size, or enlarged."""
    width, height = quad_size(plate.label.quad_xy)
    scale = max(1.0, WIDTH / width)
    return rectify(plate.frame_bgr, plate.label.quad_xy, (round(height * scale), round(width * scale)))


def read_with_tesseract(language: str, plates: Sequence[Plate]) -> Answers:
    """Tesseract, all plates in one process, one thread; what it takes to start with one plate is subtracted."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.png" for number in range(len(plates))]
        for path, plate in zip(paths, plates, strict=True):
            cv2.imwrite(str(path), upright(plate))
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
