"""The representative data set: what is drawn, and what is refused."""

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.golden import tinyland

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import PlateLabel
from lpr_edge.contract.manifest import Manifest, TensorSpec
from lpr_edge.contract.preprocess import InputSpec
from lpr_edge.contract.run.samples import Samples, picture_sha256, write_samples
from lpr_export.base.errors import ExportError
from lpr_export.base.run_folder import Run
from lpr_export.calibration.representative_set import (
    EvaluationPictures,
    RepresentativeSet,
    check_calibration,
    check_disjoint,
)
from lpr_export.calibration.sampling import draw_from_data, stratified_order
from lpr_export.evaluate.held_out import held_out_of_data, held_out_of_run, is_readable

SHAPE = (4, 5, 1)


def calibration(pictures: list[Image]) -> RepresentativeSet:
    hashes = tuple(hashlib.sha256(bytes([number])).hexdigest() for number in range(len(pictures)))
    return RepresentativeSet(tuple(pictures), "rendered", hashes, seed=3)


def noise(count: int) -> list[Image]:
    return list(np.random.default_rng(0).integers(0, 256, (count, *SHAPE), dtype=np.uint8))


def card(kind: str, spec: InputSpec) -> Manifest:
    country = tinyland.tinyland()
    labels = tuple(country.characters.values()) if kind == "classifier" else country.labels
    return Manifest(kind, kind, labels, spec, (), "float32", TensorSpec("float32"), {}, country.to_dict())


def test_good_set_passes() -> None:
    """Sixteen pictures of the right size are enough."""
    check_calibration(calibration(noise(16)), SHAPE)


def test_too_few_pictures() -> None:
    """Fewer than sixteen are refused, with the count."""
    with pytest.raises(ExportError, match=r"has 15 pictures .*, and needs 16 or more"):
        check_calibration(calibration(noise(15)), SHAPE)


def test_wrong_size() -> None:
    """Pictures of another size than the input are refused."""
    with pytest.raises(ExportError, match=r"pictures of shape \(4, 5, 1\), and the network takes \(8, 5, 1\)"):
        check_calibration(calibration(noise(16)), (8, 5, 1))


def test_blank_pictures() -> None:
    """All-black pictures are refused before anything is converted."""
    with pytest.raises(ExportError, match=r"all 20 pictures .* are blank"):
        check_calibration(calibration([np.zeros(SHAPE, np.uint8)] * 20), SHAPE)


def test_contaminated_set() -> None:
    """A picture that is measured on mustn't be calibrated on; the message names its hash."""
    drawn = calibration(noise(16))
    with pytest.raises(ExportError, match=r"1 of 16 calibration pictures .* also stand in the test pictures"):
        check_disjoint(drawn, EvaluationPictures(frozenset({drawn.sha256[5]}), frozenset()), "the test pictures")
    check_disjoint(drawn, EvaluationPictures(frozenset({"another"}), frozenset({"another"})), "the test pictures")


def test_shared_pictures_are_known_by_their_pixels() -> None:
    """A hash that somebody made up hides nothing: what the network sees is compared too."""
    drawn = calibration(noise(16))
    pixels = frozenset({picture_sha256(drawn.pictures[3]), picture_sha256(drawn.pictures[4])})
    with pytest.raises(ExportError, match=r"2 of 16 calibration pictures .* also stand in the test pictures"):
        check_disjoint(drawn, EvaluationPictures(frozenset(), pixels), "the test pictures")


@pytest.mark.parametrize("by", ["file", "pixels"])
def test_held_out_pictures_are_left_out_of_the_draw(plates_data: Path, by: str) -> None:
    """What a run holds out stands in the training split too: it isn't drawn, and the count of files is told."""
    told = card("detector", InputSpec((96, 128), 3, "rgb", "letterbox"))
    both = draw_from_data(told, plates_data, seed=0)
    of_file = EvaluationPictures(frozenset({both.sha256[0]}), frozenset())
    of_pixels = EvaluationPictures(frozenset(), frozenset({picture_sha256(both.pictures[0])}))
    drawn = draw_from_data(told, plates_data, seed=0, measured=of_file if by == "file" else of_pixels)
    assert drawn.sha256 == both.sha256[1:]
    assert (both.refused, drawn.refused) == (0, 1)


def test_manifest_entry_tells_sets_apart() -> None:
    """The same pictures in another order have the same hash, other pictures another one."""
    pictures = noise(17)
    first = calibration(pictures[:16]).to_dict()
    assert first["count"] == 16
    assert first == calibration(pictures[:16][::-1]).to_dict()
    assert first["sha256"] != calibration(pictures[1:]).to_dict()["sha256"]


@pytest.fixture
def plates_data(tmp_path: Path) -> Path:
    """Three streets, two to train on and one to test."""
    rng = np.random.default_rng(5)
    lines = []
    (tmp_path / "plates/images").mkdir(parents=True)
    for number, split in enumerate(["train", "train", "test"]):
        scene = tinyland.draw_scene(("A01",), rng)
        cv2.imwrite(str(tmp_path / f"plates/images/{number}.png"), scene.image_bgr)
        quad = scene.plates[0][0].round(1).tolist()
        lines.append(
            f'{{"image": "{number}.png", "split": "{split}", "plates": [{{"quad": {quad}, "rows": ["A01"], '
            f'"legible": "full"}}, {{"quad": {quad}, "rows": ["?"], "legible": "none"}}]}}'
        )
    (tmp_path / "plates/labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_reader_data(plates_data: Path) -> None:
    """A reader calibrates on every plate of the training split, and is measured on the readable ones of the test."""
    spec = InputSpec((32, 96), 1, "gray", "stretch")
    drawn = draw_from_data(card("reader", spec), plates_data, seed=0)
    assert [picture.shape for picture in drawn.pictures] == [(32, 96, 1)] * 4
    held_out = held_out_of_data(card("reader", spec), plates_data)
    assert [case.truth for case in held_out.cases] == [("A", "0", "1")]
    assert held_out.cases[0].pixels(card("reader", spec)).shape == (1, 32, 96, 1)


@pytest.mark.parametrize("margin", [0.0, 0.05, 0.2])
def test_a_prepared_plate_is_read_as_it_is(tmp_path: Path, margin: float) -> None:
    """A reader's held-out pictures show its margin already; cutting the plate out of them again changes no pixel."""
    told = replace(card("reader", InputSpec((32, 96), 1, "gray", "stretch")), thresholds={"margin": margin})
    picture = np.random.default_rng(1).integers(0, 256, (32, 96, 1), dtype=np.uint8)
    write_samples(tmp_path / "heldout.npz", Samples((picture,), "rendered", ("0" * 64,), (["A01"],)))
    (case,) = held_out_of_run(Run(tmp_path, told)).cases
    np.testing.assert_array_equal(case.pixels(told)[0], picture)


def test_detector_data(plates_data: Path) -> None:
    """A detector calibrates on whole frames, and is measured on plates, of which the unreadable don't count."""
    spec = InputSpec((96, 128), 3, "rgb", "letterbox")
    drawn = draw_from_data(card("detector", spec), plates_data, seed=0)
    assert [picture.shape for picture in drawn.pictures] == [(96, 128, 3)] * 2
    (case,) = held_out_of_data(card("detector", spec), plates_data).cases
    assert [plate.counted for plate in case.truth] == [True, False]


def test_draw_follows_the_seed(plates_data: Path) -> None:
    """The same seed draws the same pictures, and never more than were asked for."""
    spec = InputSpec((32, 96), 1, "gray", "stretch")
    draws = [draw_from_data(card("reader", spec), plates_data, seed, count=2) for seed in (1, 1)]
    assert draws[0].to_dict() == draws[1].to_dict()
    assert len(draws[0].pictures) == 2


def test_test_photo_copied_into_training_is_refused(plates_data: Path) -> None:
    """A training file with a test photo's bytes is found under any name."""
    images = plates_data / "plates/images"
    (images / "0.png").write_bytes((images / "2.png").read_bytes())
    spec = InputSpec((96, 128), 3, "rgb", "letterbox")
    drawn = draw_from_data(card("detector", spec), plates_data, seed=0)
    held_out = held_out_of_data(card("detector", spec), plates_data)
    assert file_sha256(images / "0.png") in held_out.sha256
    assert (len(drawn.pictures), drawn.refused, drawn.to_dict()["refused"]) == (1, 1, 1)
    pixels = frozenset(held_out.input_hashes(card("detector", spec)))
    check_disjoint(drawn, EvaluationPictures(held_out.sha256, pixels), "the test pictures")


def test_draw_is_by_content_and_not_by_name(plates_data: Path) -> None:
    """Renaming the pictures changes nothing: the same ones are drawn, in the same order."""
    spec = InputSpec((32, 96), 1, "gray", "stretch")
    before = draw_from_data(card("reader", spec), plates_data, seed=1, count=2)
    images, labels = plates_data / "plates/images", plates_data / "plates/labels.jsonl"
    (images / "0.png").rename(images / "z.png")
    lines = labels.read_text(encoding="utf-8").replace('"0.png"', '"z.png"').splitlines()
    labels.write_text("\n".join(reversed(lines)), encoding="utf-8")
    assert draw_from_data(card("reader", spec), plates_data, seed=1, count=2).sha256 == before.sha256


def test_rare_strata_are_drawn() -> None:
    """Of 30 bright and 2 dark pictures, the first four drawn hold both dark ones."""
    strata = ["bright"] * 30 + ["dark"] * 2
    keys = [f"{number:02}" for number in range(32)]
    assert sorted(stratified_order(strata, keys, 4)) == [0, 1, 30, 31]
    assert len(stratified_order(strata, keys, 100)) == 32


def test_halves_are_disjoint_and_alike() -> None:
    """No file is in both halves, a file's pictures stay together, and each stratum is shared out evenly."""
    pictures = noise(20)
    hashes = tuple(f"{number // 2:064x}" for number in range(20))
    strata = tuple("ab"[number // 2 % 2] for number in range(20))
    a, b = RepresentativeSet(tuple(pictures), "rendered", hashes, 0, strata).halves()
    assert set(a.sha256).isdisjoint(b.sha256)
    assert set(a.sha256) | set(b.sha256) == set(hashes)
    assert {strata.count("a"), strata.count("b")} == {10}
    assert sorted((half.strata.count("a"), half.strata.count("b")) for half in (a, b)) == [(4, 6), (6, 4)]


def test_manifest_lists_the_files() -> None:
    """Every file's hash is in the manifest, short, sorted, each once."""
    drawn = calibration(noise(16))
    assert drawn.to_dict()["files"] == sorted(digest[:12] for digest in drawn.sha256)


def test_nothing_to_measure_on(plates_data: Path) -> None:
    """A split without a readable plate is an error and not a perfect score."""
    path = plates_data / "plates/labels.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"full"', '"partial"'), encoding="utf-8")
    with pytest.raises(ExportError, match=r"nothing to measure on .* its test split has no picture"):
        held_out_of_data(card("reader", InputSpec((32, 96), 1, "gray", "stretch")), plates_data)


@pytest.mark.parametrize(
    ("rows", "legible", "readable"),
    [
        (("बा१प", "४५६७"), "full", True),
        (("पदेश२", "०२००३प"), "full", True),
        (("BA1PA", "4567"), "full", False),
        (("बा१?", "४५६७"), "partial", False),
    ],
)
def test_plates_that_are_scored(rows: tuple[str, ...], legible: str, readable: bool) -> None:
    """Every sure plate of the country's own script counts, a misspelt one too; the Latin twin doesn't."""
    quad = np.array([[0, 0], [90, 0], [90, 30], [0, 30]], np.float32)
    assert is_readable(PlateLabel(quad, rows, legible, "", ""), load_country("nepal")) is readable
