import time
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.deliveries import wait_until
from tests.support.readings import quad_at

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.rows import Character
from lpr_edge.privacy.hashing_sink import PlateHasher
from lpr_edge.text.grammar import Grammar
from lpr_edge.vision.plates import Reading
from lpr_edge.watchlist.auto_reload import ReloadingWatchList
from lpr_edge.watchlist.fuzzy import FuzzyMatching
from lpr_edge.watchlist.hashed_list import write_hashed_list
from lpr_edge.watchlist.plate_spelling import plate_key, written_keys
from lpr_edge.watchlist.watch_list import Match, WatchList, read_list

GRAMMAR = Grammar(load_country("nepal"))
LABELS = GRAMMAR.country.labels


def reading(text: str, doubts: dict[int, tuple[float, str]] | None = None, faint: Sequence[int] = ()) -> Reading:
    """A reading whose characters are sure, but for some places: the share of what was read, and what gets the rest."""
    row = []
    for place, label in enumerate(GRAMMAR.country.tokenize(text)):
        share, rival = (doubts or {}).get(place, (0.99, ""))
        scores = np.full(len(LABELS), 0.0001, np.float32)
        scores[LABELS.index(label)] = share
        if rival:
            scores[LABELS.index(rival)] = 1 - share
        row.append(Character(label, share, 0.3 if place in faint else 1.0, place / 10, 0.5, 0.1, 0.5, scores))
    return Reading((tuple(row),), GRAMMAR.parse([c.label for c in row]), quad_at(0))


def listed(tmp_path: Path, text: str, hasher: PlateHasher | None = None) -> WatchList:
    path = tmp_path / "gate.csv"
    path.write_text(text, encoding="utf-8")
    return read_list(path, GRAMMAR, hasher.hash_key if hasher else None)


def find(watch_list: WatchList, read: Reading, edits: int = 0, doubt: float = 0.8) -> Match | None:
    return watch_list.find(read, LABELS, FuzzyMatching(edits, doubt))


def names(match: Match | None) -> tuple[str, int] | None:
    return (match.entry.name, match.edits) if match else None


@pytest.mark.parametrize(
    "written",
    [
        "बा७९प५००७",
        "बा ७९ प\n५००७",
        "बा.७९ प-५००७",
        "BA79PA5007",
        "ba 79 pa 5007",
        "Ba-79-Pa / 5007",
        "बा 79 प 5007",
        "BA\u200d 79·PA | 5007",
    ],
)
def test_a_plate_may_be_written_in_many_ways(tmp_path: Path, written: str) -> None:
    """Script, spaces, hyphens, dots, capitals and rows make no difference; nor does the script that was read."""
    watch_list = listed(tmp_path, f'plate,name,action\n"{written}",Ram,open\n')
    assert (names(find(watch_list, reading("बा७९प५००७"))), watch_list.odd) == (("Ram", 0), ())
    assert names(find(watch_list, reading("BA79PA5007"))) == ("Ram", 0)
    assert find(watch_list, reading("बा७९प५००८")) is None


@pytest.mark.parametrize("written", ["३-०२-००१ प १२३४", "प्रदेश नं ३ ०२ ००१ प १२३४", "PRADESH 3 02 001 PA 1234"])
def test_words_that_stand_on_every_plate_may_be_left_out(tmp_path: Path, written: str) -> None:
    """What fills no field of a form needn't be written, and needn't be read."""
    watch_list = listed(tmp_path, f"plate,name,action\n{written},Sita,\n")
    assert watch_list.odd == ()
    for text in ("प्रदेशनं३०२००१प१२३४", "प्रदेश३०२००१प१२३४"):
        assert names(find(watch_list, reading(text))) == ("Sita", 0)


def test_a_digit_that_may_be_decoration_elsewhere_is_never_left_out(tmp_path: Path) -> None:
    """A zero may stand before a province for nothing; within a number it counts, so that 12 isn't 102 or 120."""
    watch_list = listed(tmp_path, "plate,name,action\nBA 1 PA 12,Ram,open\nPRADESH 3 02 001 PA 12,Sita,open\n")
    assert [names(find(watch_list, reading(text))) for text in ("बा१प१२", "प्रदेश०३०२००१प१२")] == [
        ("Ram", 0),
        ("Sita", 0),
    ]
    for text in ("बा१०प१२", "बा०१प१२", "बा१प१०२", "बा१प०१२", "प्रदेश३०२००१प१०२"):
        assert find(watch_list, reading(text)) is None, text


def test_latin_letters_are_told_apart_by_their_place() -> None:
    """BA is a zone in the first place and a class in the third: the grammar says which."""
    assert written_keys("BA 1 BA 12", GRAMMAR) == (("BA1BA12",), True)
    assert plate_key("बा१ब१२", GRAMMAR) == "BA1BA12"
    assert plate_key("बा१बा१२", GRAMMAR) == "BA1BA12"  # no form has a zone there, so it is no other plate


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_plate_is_found_as_it_is_written_in_latin(data: st.DataObject) -> None:
    """Any zonal plate's Latin writing names that plate, and no other."""
    zone, lot = data.draw(st.sampled_from(sorted(GRAMMAR.country.table("zones")))), data.draw(st.integers(1, 99))
    letter = data.draw(st.sampled_from(sorted(GRAMMAR.country.table("classes"))))
    digits = str.maketrans("0123456789", "०१२३४५६७८९")
    text = f"{zone}{lot}{letter}{data.draw(st.integers(1, 9999))}".translate(digits)
    latin = GRAMMAR.country.transliterate(GRAMMAR.country.tokenize(text))
    assert written_keys(latin, GRAMMAR) == ((plate_key(text, GRAMMAR),), True)


LIST = "plate,name,action\nBA79PA5007,Ram,open\n"


def test_only_exact_matches_unless_told_otherwise(tmp_path: Path) -> None:
    """The default opens for no plate but the listed one, however doubtful the reading."""
    assert find(listed(tmp_path, LIST), reading("बा७९प५००१", {7: (0.4, "७")})) is None


def test_a_doubtful_character_may_be_the_listed_one(tmp_path: Path) -> None:
    """One edit away counts where the character is in doubt, and the network itself holds the listed one for likely."""
    watch_list = listed(tmp_path, LIST)
    assert names(find(watch_list, reading("बा७९प५००१", {6: (0.99, ""), 7: (0.6, "७")}), edits=1)) == ("Ram", 1)
    assert find(watch_list, reading("बा७९प५००१", {7: (0.6, "८")}), edits=1) is None  # in doubt, but not about a ७
    assert find(watch_list, reading("बा७९प५००१"), edits=1) is None  # the neighbour's plate, read surely
    assert find(watch_list, reading("बा७९प५००१", {7: (0.85, "७")}), edits=1) is None
    assert find(watch_list, reading("बा७९प५०११", {6: (0.6, "०"), 7: (0.6, "७")}), edits=1) is None
    assert names(find(watch_list, reading("बा७९प५०११", {6: (0.6, "०"), 7: (0.6, "७")}), edits=2)) == ("Ram", 2)


def test_a_reading_that_is_no_plate_may_be_the_listed_one(tmp_path: Path) -> None:
    """Where the grammar doesn't allow what was read, a character is wrong, missing or too many, however sure."""
    watch_list = listed(tmp_path, LIST)
    for text in ("बा७९प५००प", "बा७९५००७", "बा७९पप५००७"):
        assert not reading(text).parsed.valid
        assert names(find(watch_list, reading(text), edits=1)) == ("Ram", 1), text
        assert find(watch_list, reading(text)) is None
    assert find(watch_list, reading("बा७९पप५००१"), edits=1) is None


def test_a_faint_character_may_be_dirt(tmp_path: Path) -> None:
    """Of a valid reading a character may be too many only where the network doubts that one is there."""
    watch_list = listed(tmp_path, "plate,name,action\nBA79PA507,Ram,open\n")
    assert find(watch_list, reading("बा७९प५००७"), edits=1) is None
    assert names(find(watch_list, reading("बा७९प५००७", faint=[5]), edits=1)) == ("Ram", 1)


def test_the_nearest_listed_plate_is_meant(tmp_path: Path) -> None:
    """Of a listed plate one character away and another two away, the first is meant."""
    watch_list = listed(tmp_path, f"{LIST}BA79PA5001,Sita,open\n")
    doubtful = reading("बा७९प५०११", {6: (0.6, "०"), 7: (0.6, "७")})
    assert names(find(watch_list, doubtful, edits=2)) == ("Sita", 1)


def test_two_listed_plates_as_near_are_none(tmp_path: Path) -> None:
    """Where two listed plates come as near, neither is taken; an exact one wins over any near one."""
    watch_list = listed(tmp_path, f"{LIST}BA79PA5008,Sita,open\n")
    doubtful = {7: (0.4, "७")}
    scores = reading("बा७९प५००१", doubtful)
    scores.characters[0][7].scores[LABELS.index("८")] = 0.3
    assert find(watch_list, scores, edits=1) is None
    assert names(find(watch_list, reading("बा७९प५००८", doubtful), edits=1)) == ("Sita", 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"gate\.csv has no column `plate`: its first line must be plate,name,action"),
        ("number,name\nBA79PA5007,Ram\n", r"has no column `plate`"),
        ("plate,name,action\nBA79PA5007,Ram,open,now\n", r"gate\.csv, line 2 has more cells than the first line"),
        ("plate,name,action\nBA79PA5007,Ram,open the gate\n", r"line 2: the action 'open the gate' must be one word"),
        ("plate,name,action\n,Ram,open\n", r"line 2 has no plate"),
        ("plate,name,action\nBA79PA5007,Ram,\nबा७९प५००७,Sita,\n", r"line 3: the plate is already in line 2"),
        ("plate,name,action\nBA79PA5007,Ram,\nक्ष१२,x,\n", r"line 3: '.*' is on no plate of nepal"),
        ("plate,name,action\n---,Ram,\n", r"line 2: '---' is no plate: expected 1 to 64 letters and digits"),
        (f"plate,name,action\n{'1' * 65},Ram,\n", r"is no plate: expected 1 to 64"),
        ('plate,name,action\n"BA79PA5007,Ram,\n', r"after line 1: unexpected end of data: write it as CSV"),
        (f"plate,name,action\n#{'0' * 32},Ram,\n", r"line 2 contains a hash: give --hash-plates"),
    ],
)
def test_every_mistake_in_a_list_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    """A mistake in a list is told with its line, and the list isn't taken in part."""
    with pytest.raises(LprError, match=message) as caught:
        listed(tmp_path, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "written", ["ज ४? प २४९९", "1_3", "12/13", "[1-4]", "#3", "JA 1…", "12%", "JA 4* PA 2499", "JA,1"]
)
def test_a_sign_that_no_plate_has_is_a_mistake(tmp_path: Path, written: str) -> None:
    """A sign that is neither spacing nor a separator is refused with its line: dropped, it would name another plate."""
    with pytest.raises(LprError, match=r"gate\.csv, line 3: '.' is no letter, digit or separator of a plate"):
        listed(tmp_path, f'plate,name,action\nBA79PA5007,Ram,open\n"{written}",x,open\n')
    hasher = PlateHasher(b"k" * 32, GRAMMAR)
    with pytest.raises(LprError, match=r"line 3: '.' is no letter, digit or separator") as caught:
        write_hashed_list(tmp_path / "gate.csv", GRAMMAR, hasher.hash_key, StringIO())
    assert written not in str(caught.value)


WILDCARDS = "plate,name,action,match\n"


@pytest.mark.parametrize(
    ("written", "fitting", "others"),
    [
        ("ज ४? प २४९९", ["ज४१प२४९९", "JA49PA2499"], ["ज४प२४९९", "ज४१२प२४९९", "ज५१प२४९९", "ज४१प२४९८"]),
        ("JA 4* PA 2499", ["ज४प२४९९", "ज४१प२४९९"], ["ज५१प२४९९", "ज४१च२४९९"]),
        ("? 1 PA 12", ["बा१प१२", "ज१प१२"], ["बा२प१२"]),
        ("*5007", ["बा७९प५००७", "प्रदेश३०२००१प५००७"], ["बा७९प५००८"]),
        ("? 02 001 PA 12", ["प्रदेश३०२००१प१२"], ["बागमती०२००१प१२"]),  # a province's name is no single character
        ("JA 41 PA ???", ["ज४१प२४९"], ["ज४१प२०४९", "ज४१प२४९०"]),
        ("3 02 001 PA ???4", ["प्रदेशनं३०२००१प१२३४"], ["प्रदेशनं३०२००१प१२३५", "प्रदेशनं३०२००१प४"]),
    ],
)
def test_wildcards_where_a_line_asks_for_them(
    tmp_path: Path, written: str, fitting: list[str], others: list[str]
) -> None:
    """`match` = wildcard: `?` is just one character of the plate, in either script, `*` any number; others differ."""
    watch_list = listed(tmp_path, f"{WILDCARDS}{written},seen,,wildcard\n")
    assert (watch_list.odd, watch_list.count) == ((), 1)
    assert [names(find(watch_list, reading(text))) for text in fitting] == [("seen", 0)] * len(fitting)
    assert [find(watch_list, reading(text), edits=2) for text in others] == [None] * len(others)


def test_a_listed_plate_comes_before_wildcards_and_those_in_their_order(tmp_path: Path) -> None:
    """The plate itself wins over a wildcard, the first wildcard over the next; a reading that is no plate fits none."""
    lines = "BA 79 PA *,first,,wildcard\nBA 79 *,second,,wildcard\nBA79PA5007,Ram,open,exact\n"
    watch_list = listed(tmp_path, f"{WILDCARDS}{lines}")
    assert names(find(watch_list, reading("बा७९प५००७"))) == ("Ram", 0)
    assert names(find(watch_list, reading("बा७९प५००८"))) == ("first", 0)
    assert names(find(watch_list, reading("बा७९च५००८"))) == ("second", 0)
    assert find(watch_list, reading("बा७९पप")) is None


def test_a_wildcard_has_an_action_only_where_that_is_allowed(tmp_path: Path) -> None:
    """A gate doesn't open for many vehicles by one line, unless its owner says so."""
    text = f"{WILDCARDS}JA 4? PA 2499,x,open,wildcard\n"
    with pytest.raises(LprError, match=r"line 2: a wildcard means many vehicles.*or give --list-wildcard-actions"):
        listed(tmp_path, text)
    watch_list = read_list(tmp_path / "gate.csv", GRAMMAR, allow_wildcard_actions=True)
    match = find(watch_list, reading("ज४१प२४९९"))
    assert match is not None
    assert match.entry.action == "open"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("*,x,,wildcard", r"line 2: '\*' fits every plate: a wildcard needs a letter or a digit next to it"),
        ("JA 4_ PA *,x,,wildcard", r"line 2: '_' is no letter, digit or separator"),
        ("क्ष*,x,,wildcard", r"line 2: .* is on no plate of nepal"),
        ("JA4PA1,x,,regex", r"line 2: the match 'regex' must be `exact` or `wildcard`"),
        ("JA4PA1,R\0am,open,", r"line 2: the name holds the control character '\\x00': leave it out"),
        ("JA4\x07PA1,Ram,open,", r"line 2: the plate holds the control character '\\x07': leave it out"),
    ],
)
def test_mistakes_beside_a_wildcard(tmp_path: Path, line: str, message: str) -> None:
    """What can't be a wildcard, another word in `match`, and signs that nobody sees are told with their line."""
    with pytest.raises(LprError, match=message):
        listed(tmp_path, f"{WILDCARDS}{line}\n")


def test_wildcards_have_no_hash(tmp_path: Path) -> None:
    """Where only hashes are kept, a wildcard is refused, also by --hash-list."""
    hasher = PlateHasher(b"k" * 32, GRAMMAR)
    with pytest.raises(LprError, match="line 2: a wildcard has no hash: list each plate"):
        listed(tmp_path, f"{WILDCARDS}BA 79 PA *,x,,wildcard\n", hasher)
    with pytest.raises(LprError, match="line 2: a wildcard has no hash: list each plate"):
        write_hashed_list(tmp_path / "gate.csv", GRAMMAR, hasher.hash_key, StringIO())


def test_a_wildcard_that_no_plate_fits_is_odd(tmp_path: Path) -> None:
    """A wildcard with a place too many is noted, as a plate of another country is."""
    assert listed(tmp_path, f"{WILDCARDS}BA 79 PA ?????,x,,wildcard\n").odd == (2,)


@pytest.mark.parametrize(
    "data",
    [
        'plate\tname\taction\r\n"बा ७९ प ५००७"\tRam\topen\r\n'.encode("utf-16"),
        'sep=;\r\nplate;name;action\r\n"बा ७९ प ५००७";Ram;open\r\n'.encode(),
        "sep=|\nplate|name|action\nबा ७९ प ५००७|Ram|open\n".encode("utf-8-sig"),
    ],
)
def test_lists_as_excel_writes_them(tmp_path: Path, data: bytes) -> None:
    """UTF-16 with its mark, as "Unicode text" is saved, and a first line `sep=;` are read; lines keep their numbers."""
    (tmp_path / "excel.csv").write_bytes(data)
    watch_list = read_list(tmp_path / "excel.csv", GRAMMAR)
    assert names(find(watch_list, reading("बा७९प५००७"))) == ("Ram", 0)
    assert [entry.line for entry in watch_list.entries.values()] == [3 if b"sep=" in data else 2]


def test_lists_as_spreadsheets_write_them(tmp_path: Path) -> None:
    """A byte order mark, semicolons, Windows' line ends, other columns, empty lines, missing cells are no mistakes."""
    text = "\ufeffName;Plate;Note\r\nRam;BA 79 PA 5007;blue, old\r\n;;\r\n\r\nSita;BA 1 CHA 2\r\n"
    watch_list = listed(tmp_path, text)
    assert [(e.plate, e.name, e.action) for e in watch_list.entries.values()] == [
        ("BA 79 PA 5007", "Ram", ""),
        ("BA 1 CHA 2", "Sita", ""),
    ]


def test_missing_and_binary_lists_are_told(tmp_path: Path) -> None:
    """A list that isn't there, or isn't text, is one line."""
    with pytest.raises(LprError, match=r"the list .*no\.csv can't be read: No such file"):
        read_list(tmp_path / "no.csv", GRAMMAR)
    (tmp_path / "b.csv").write_bytes(b"\xff\xfeplate")
    with pytest.raises(LprError, match=r"isn't UTF-16-LE text \(byte \d+\): save it as UTF-8"):
        read_list(tmp_path / "b.csv", GRAMMAR)


def test_a_plate_that_the_grammar_lacks_matches_itself(tmp_path: Path) -> None:
    """A foreign plate can be listed: it matches a reading of just that text, and its line is noted as odd."""
    watch_list = listed(tmp_path, "plate,name,action\nUP 32 AB 1234,guest,open\n")
    assert watch_list.odd == (2,)
    assert names(find(watch_list, reading("UP32AB1234"))) == ("guest", 0)
    assert find(watch_list, reading("बा७९प५००७")) is None


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("utf-8", "replace")))
@settings(max_examples=60, deadline=None)
def test_any_text_is_a_list_or_a_mistake(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever stands in the file, it is read or refused in one line."""
    folder = tmp_path_factory.getbasetemp()
    told = ""
    try:
        listed(folder, f"plate,name,action\n{text}")
    except LprError as error:
        told = str(error)
    assert len(told.splitlines()) <= 1


def test_hashes_and_plates_in_one_list(tmp_path: Path) -> None:
    """With a key, a list may hold hashes or plates; both match, near matches too, and entries show hashes alone."""
    hasher = PlateHasher(b"k" * 32, GRAMMAR)
    hashed = hasher.hash_text("बा७९प५००७")
    watch_list = listed(tmp_path, f"plate,name,action\n{hashed},Ram,open\nBA1CHA2,Sita,open\n", hasher)
    match = find(watch_list, reading("BA79PA5007"))
    assert match is not None
    assert (match.entry.plate, match.entry.name) == (hashed, "Ram")
    assert names(find(watch_list, reading("बा७९प५००१", {7: (0.6, "७")}), edits=1)) == ("Ram", 1)
    assert names(find(watch_list, reading("बा१च२"))) == ("Sita", 0)
    assert all(entry.plate.startswith("#") for entry in watch_list.entries.values())


def test_changed_list_is_read_again_and_a_broken_one_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change counts soon; a broken or vanished file leaves the old list in force, and that is said, once."""
    path = tmp_path / "gate.csv"
    path.write_text(LIST)
    watched = ReloadingWatchList(path, lambda: read_list(path, GRAMMAR), check_every_s=0.02)
    path.write_text(f"{LIST}BA1CHA2,Sita,open\n")
    wait_until(lambda: len(watched.current.entries) == 2)
    path.write_text("plate,name,action\nBA1CHA2,Sita,open the gate\n")
    wait_until(lambda: "the list stays as it was, 2 plates" in capsys.readouterr().err)
    path.unlink()
    wait_until(lambda: "can't be read: No such file or directory; the list stays" in capsys.readouterr().err)
    time.sleep(0.1)
    assert (capsys.readouterr().err, len(watched.current.entries)) == ("", 2)
    path.write_text(LIST)
    wait_until(lambda: len(watched.current.entries) == 1)
    watched.close()
