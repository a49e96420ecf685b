import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from tests.support.crops_on_disk import noise, write_characters

from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.picture_head import declared_size, exif_orientation
from lpr_edge.contract.base.pictures import MAX_PIXELS, PICTURES, read_picture
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.character_files import load_characters
from lpr_edge.contract.data.datasets import find_dataset
from lpr_edge.contract.run.samples import Samples, read_samples, write_samples

NEPAL = load_country("nepal")
TURNS = {1: 0, 8: 1, 3: 2, 6: 3}
"""EXIF orientation -> quarters anticlockwise that bring the stored picture upright."""
MIRRORED: dict[int, Callable[[Image], Image]] = {
    2: np.fliplr,
    4: np.flipud,
    5: lambda scene: scene.transpose(1, 0, 2),
    7: lambda scene: scene[::-1, ::-1].transpose(1, 0, 2),
}
"""EXIF orientation -> how a scene is stored."""


HEADS: tuple[bytes, ...] = (
    b"",
    b"\xff\xd8",
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xe1\0\x08Exif\0\0",
    b"BM",
    b"II*\0\xff\xff\xff\xff",
)
HEADS = (*HEADS, b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1a\n\0\0\0\x0deXIfMM")


def big_png(width: int, height: int) -> bytes:
    """A PNG whose head promises a size; its pixels are missing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize("orientation", [*TURNS, *MIRRORED])
@pytest.mark.parametrize("suffix", [".jpg", ".jfif", ".png", ".webp"])
def test_exif_turns_a_picture_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    """Whatever side of a phone was up, the pixels are those of the scene, of every kind of file that tells it."""
    scene = np.repeat(np.repeat(noise(3, (6, 8)), 8, axis=0), 8, axis=1)
    stored = np.rot90(scene, -TURNS[orientation]) if orientation in TURNS else MIRRORED[orientation](scene)
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    kind = "JPEG" if suffix == ".jfif" else None
    Pillow.fromarray(stored[..., ::-1]).save(path, kind, quality=95, subsampling=0, exif=exif, **options)
    picture = read_picture(path).astype(int)
    assert picture.shape == scene.shape
    assert np.abs(picture - scene).mean() < 8


@pytest.mark.parametrize("suffix", PICTURES)
def test_every_ending_is_read_and_listed(tmp_path: Path, suffix: str) -> None:
    """A picture of each ending is read, and belongs to its class."""
    name = next(iter(NEPAL.characters))
    write_characters(tmp_path, NEPAL, 3)
    written = {".jfif": ".jpg"}.get(suffix, suffix)
    (tmp_path / name / f"x{suffix}").write_bytes(cv2.imencode(written, noise(1))[1].tobytes())
    assert read_picture(tmp_path / name / f"x{suffix}").shape == (24, 20, 3)
    listed = load_characters(tmp_path, "train", NEPAL) + load_characters(tmp_path, "validation", NEPAL)
    assert f"x{suffix}" in [file.path.name for file in listed]


@pytest.mark.parametrize("suffix", [".heic", ".avif", ".HEIF", ".gif"])
def test_a_kind_that_is_not_read_is_named(tmp_path: Path, suffix: str) -> None:
    """It isn't passed over: a class of the published split would lose a picture, and another split would come out."""
    write_characters(tmp_path, NEPAL, 3)
    path = tmp_path / next(iter(NEPAL.characters)) / f"x{suffix}"
    path.write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(DataError, match=f"is {suffix[1:].upper()}, which lpr doesn't read: save it as JPEG"):
        read_picture(path)
    with pytest.raises(DataError, match=f"x{suffix} is {suffix[1:].upper()}, which lpr doesn't read"):
        load_characters(tmp_path, "train", NEPAL)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sensors_bits_in_sixteen(tmp_path: Path, bits: int, suffix: str) -> None:
    """A picture of ten bits that is stored in sixteen shows the same as one of eight."""
    eight = noise(5)
    eight[0, 0] = 255
    path = tmp_path / f"a{suffix}"
    cv2.imwrite(str(path), eight.astype(np.uint16) << (bits - 8))
    np.testing.assert_array_equal(read_picture(path), eight)


def test_a_grey_picture_of_ten_bits(tmp_path: Path) -> None:
    """One channel, as a sensor gives it, becomes three alike."""
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.full((8, 8), 1023, np.uint16))
    assert (read_picture(path) == 255).all()
    assert read_picture(path).shape == (8, 8, 3)


def test_a_picture_of_floats_is_read(tmp_path: Path) -> None:
    """A TIFF of floats is linear light from 0 to 1, with every version of OpenCV; as sRGB, half of it is 188."""
    path = tmp_path / "a.tiff"
    for light, level in ((0.5, 188), (0.0, 0), (2.0, 255)):
        cv2.imwrite(str(path), np.full((8, 8, 3), light, np.float32))
        picture = read_picture(path)
        assert picture.dtype == np.uint8
        assert np.abs(picture.astype(int) - level).max() <= 3  # an older OpenCV writes them with few digits


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif"])
def test_the_promised_size_is_the_real_one(suffix: str) -> None:
    """Width and height are found in the first bytes of every kind."""
    assert declared_size(cv2.imencode(suffix, noise(1, (37, 91)))[1].tobytes()) == (91, 37)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"lossless": False, "exif": b"Exif\0\0"}])
def test_the_promised_size_of_each_webp(tmp_path: Path, options: dict[str, Any]) -> None:
    """WebP has three heads."""
    Pillow.fromarray(noise(1, (37, 91))).save(tmp_path / "a.webp", **options)
    assert declared_size((tmp_path / "a.webp").read_bytes()) == (91, 37)


@pytest.mark.parametrize("data", HEADS)
def test_a_head_that_ends_early_promises_nothing(data: bytes) -> None:
    """No crash: decoding tells what is wrong."""
    assert declared_size(data) is None
    assert exif_orientation(data) == 1


def test_a_picture_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PNG of 30000 × 30000 pixels never reaches the decoder, which would take gigabytes."""
    path = tmp_path / "a.png"
    path.write_bytes(big_png(30000, 30000))
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(DataError, match="has 30000×30000 pixels, and lpr reads up to 134 million: scale it down"):
        read_picture(path)


def test_samples_too_large_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an archive that unpacks to gigabytes, nor a huge picture inside one."""
    path = tmp_path / "a.npz"
    write_samples(path, Samples((noise(1),), "made", ("0",)))
    read_samples(path)
    monkeypatch.setattr("lpr_edge.contract.run.samples._encode", lambda *_: big_png(30000, MAX_PIXELS // 30000 + 1))
    write_samples(path, Samples((noise(1),), "made", ("0",)))
    with pytest.raises(DataError, match="can't be decoded"):
        read_samples(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members, members.open("bytes.npy", "w") as member:
        for _ in range(65):
            member.write(bytes(16 << 20))
    with pytest.raises(DataError, match=r"unpacks to 1\.1 GB"):
        read_samples(path)


def test_what_systems_leave_in_folders_is_no_picture(tmp_path: Path) -> None:
    """Files of a Mac or of Windows change neither the split nor where data are looked for."""
    root = write_characters(tmp_path / "characters", NEPAL, 10)
    before = load_characters(tmp_path, "validation", NEPAL), load_characters(tmp_path, "train", NEPAL)
    for name in NEPAL.characters:
        for place in range(10):
            (root / name / f"._{place}.png").write_bytes(b"\0\5\x16\7 a Mac's resource fork")
        for junk in (".DS_Store", "Thumbs.db", "desktop.ini"):
            (root / name / junk).write_bytes(b"junk")
        (root / name / ".thumbnails").mkdir()
    assert before == (load_characters(tmp_path, "validation", NEPAL), load_characters(tmp_path, "train", NEPAL))


@pytest.mark.parametrize("name", [".thumbnails", "__MACOSX"])
def test_a_hidden_folder_of_pictures_is_no_class(tmp_path: Path, name: str) -> None:
    """A folder that holds pictures in a hidden folder alone is no characters data set."""
    _write(tmp_path / name / "a.png", noise(1))
    with pytest.raises(DataError, match="no characters data"):
        find_dataset(tmp_path, "characters")


def _write(path: Path, picture: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)
