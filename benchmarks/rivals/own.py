"""lpr's reader on rectified plates: as it is shipped, and as this comparison trained it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from lpr_edge.contract.outputs import decode_characters
from lpr_edge.contract.preprocess import prepare_plate
from lpr_edge.contract.rows import group_rows
from lpr_edge.vision.reader import Reader
from rivals.commands import installed, run_quietly
from rivals.plates import Answers, Plate


def export(run: Path, out: Path) -> Path:
    """The float32 `.tflite` of a run; what is there is kept.

    Raises:
        LprError: lpr-export refuses it.
    """
    path = out / f"{run.name}.float32.tflite"
    if not path.exists():
        run_quietly(installed("lpr-export", "--float32", "--format", "tflite", str(run), "--out", str(out)))
    return path


def read(name: str, reader: Reader, plates: Sequence[Plate]) -> Answers:
    """What the device says, given the true corners: warping, network and the country's grammar, in this process."""
    reader.read(plates[0].frame_bgr, plates[0].label.quad_xy)
    return _timed(name, lambda plate: reader.read(plate.frame_bgr, plate.label.quad_xy).text, plates)


def read_without_grammar(name: str, reader: Reader, plates: Sequence[Plate]) -> Answers:
    """The network's own peaks, row by row: what it reads by itself, as rivals do."""
    return _timed(name, lambda plate: _peaks(reader, plate), plates)


def _timed(name: str, text_of: Callable[[Plate], str], plates: Sequence[Plate]) -> Answers:
    start = perf_counter()
    texts = [text_of(plate) for plate in plates]
    return Answers(name, texts, 1000 * (perf_counter() - start) / len(plates))


def _peaks(reader: Reader, plate: Plate) -> str:
    manifest = reader.model.manifest
    pixels = prepare_plate(plate.frame_bgr, plate.label.quad_xy, manifest.input, manifest.margin).pixels
    characters = decode_characters(reader.model.heads(pixels), manifest.labels, reader.thresholds)
    return "".join(character.label for row in group_rows(characters) for character in row)
