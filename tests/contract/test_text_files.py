import codecs
import os
from pathlib import Path

import pytest

from lpr_edge.config.loading import config_of, load_config
from lpr_edge.contract.base.errors import DataError, LprError
from lpr_edge.contract.base.text_files import is_utf8, parse_json, parse_toml, read_text, shown
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.data.plate_photos import load_plates
from lpr_edge.contract.settings.toml_file import read_table

LABEL = (
    '{"image": "%s.jpg", "split": "train", "plates": '
    '[{"quad": [[0, 0], [9, 0], [9, 4], [0, 4]], "rows": ["बा१"], "vehicle": "a\u2028b"}]}'
)
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
"""An encoding of Python's -> the mark that it doesn't write by itself."""


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_labels_as_windows_editors_save_them(tmp_path: Path, encoding: str, line_end: str) -> None:
    """Labels in UTF-8 or UTF-16 with a mark are the same labels; U+2028 inside a text ends no line."""
    text = line_end.join([LABEL % "a", "", LABEL % "b", ""])
    (tmp_path / "labels.jsonl").write_bytes(ENCODINGS[encoding] + text.encode(encoding))
    photos = load_plates(tmp_path)
    assert [photo.path.name for photo in photos] == ["a.jpg", "b.jpg"]
    assert photos[1].plates[0].rows == ("बा१",)
    assert photos[1].plates[0].vehicle == "a\u2028b"


def test_a_wrong_label_is_named_by_its_line_in_the_file(tmp_path: Path) -> None:
    """Blank lines count, as in an editor."""
    (tmp_path / "labels.jsonl").write_text(f"{LABEL % 'a'}\n\n\nnonsense\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 4"):
        load_plates(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_settings_and_countries_with_a_mark(tmp_path: Path, repository: Path, encoding: str) -> None:
    """A TOML file with a byte order mark gives the same settings, and the same country."""
    config, country = tmp_path / "lpr.toml", tmp_path / "land.toml"
    config.write_text('device = "गेट"\n', encoding=encoding)
    assert load_config(config, {}) == config_of(device="गेट")
    source = repository / "edge" / "lpr_edge" / "contract" / "plates" / "nepal.toml"
    country.write_text(source.read_text(encoding="utf-8"), encoding=encoding)
    assert load_country(country).to_dict() == load_country("nepal").to_dict()


@pytest.mark.parametrize("data", [b"a = '\xe9'", codecs.BOM_UTF16_LE + b"a"])
def test_another_encoding_is_told_in_one_line(tmp_path: Path, data: bytes) -> None:
    """Latin-1, or half a character of UTF-16: the file, the place and the remedy."""
    path = tmp_path / "lpr.toml"
    path.write_bytes(data)
    for read in (read_table, load_country, read_text):
        with pytest.raises(LprError, match=r"lpr.toml isn't UTF-(8|16-LE) text \(byte \d\): save it as UTF-8"):
            read(path)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "[" * 70 + "]" * 70,
        "a = " + "{b = " * 5000,
        "a" + ".a" * 200_000 + " = 1",
        "[" + '"a" . ' * 100 + "b]",
    ],
    ids=["endless list", "deep list", "deep table", "long key", "deep header"],
)
def test_deep_toml_is_refused(tmp_path: Path, text: str) -> None:
    """Neither the recursion limit nor the memory is reached: settings and countries are refused in one line."""
    path = tmp_path / "deep.toml"
    path.write_text(text, encoding="utf-8")
    for read in (read_table, load_country):
        with pytest.raises(LprError, match="more than 64 deep"):
            read(path)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a": ' * 200_000, "[" * 70 + "]" * 70])
def test_deep_json_is_refused(tmp_path: Path, text: str) -> None:
    """A label that is too deep is an error with its line, not a RecursionError."""
    with pytest.raises(ValueError, match="more than 64 deep"):
        parse_json(text)
    (tmp_path / "labels.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"line 1: .*64 deep"):
        load_plates(tmp_path)


def test_usual_depth_is_read() -> None:
    """What lies a few levels deep is read as it is."""
    assert parse_json("[" * 60 + "]" * 60)
    assert parse_toml("a.b.c = [[{d = 1}]]\n[e.f]\ng = 'one. two. three.'\n") == {
        "a": {"b": {"c": [[{"d": 1}]]}},
        "e": {"f": {"g": "one. two. three."}},
    }


def test_a_huge_text_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """The size decides: a sparse file of many gigabytes takes no memory."""
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(LprError, match="larger than 64 MB"):
        read_table(path)
    path.rename(tmp_path / "labels.jsonl")
    with pytest.raises(DataError, match="larger than 512 MB"):
        load_plates(tmp_path)


def test_a_device_without_end_is_refused() -> None:
    """A file that tells no size is read up to the limit and no further."""
    with pytest.raises(DataError, match="larger than 0 MB"):
        read_text(Path("/dev/zero"), max_bytes=1000)


def test_names_that_are_no_utf8_are_shown() -> None:
    """A name's foreign bytes stand in hexadecimal, so that every record can be written."""
    path = Path(os.fsdecode(b"caf\xe9.jpg"))
    assert (shown(path), is_utf8(path)) == ("caf\\xe9.jpg", False)
    assert (shown("गेट.jpg"), is_utf8("गेट.jpg")) == ("गेट.jpg", True)
