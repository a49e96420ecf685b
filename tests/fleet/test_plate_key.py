from lpr_edge.contract.countries import load_country
from lpr_edge.history.signs import signs_of
from lpr_fleet.search.plate_key import MARK, PlateKeys, grams_of, key_of


def test_both_scripts_have_one_key(keys: PlateKeys) -> None:
    """A plate as it is read is found by what is typed in Devanagari and in Latin letters; a sign is one character."""
    signs = keys.of("बा१प१२३४").signs
    assert len(signs) == 7
    assert signs in keys.parts_of("बा १ प १२३४")
    assert signs in keys.parts_of("BA 1 PA 1234")


def test_signs_have_characters_of_their_own() -> None:
    """No two of the country's signs share a character, as they would where the checksum makes them meet."""
    country = load_country("nepal")
    signs = {sign for label in country.labels for sign in signs_of(label, country)}
    assert len({key_of((sign,)) for sign in signs}) == len(signs)


def test_a_hash_is_searched_as_it_is(keys: PlateKeys) -> None:
    """A keyed hash in place of a plate has no parts; the index holds it as it is."""
    assert keys.of("#0123abcd") == ("#0123abcd", "#0123abcd")
    assert keys.parts_of("#0123abcd") == ["#0123abcd"]


def test_grams_hold_pieces_with_one_sign_left_out() -> None:
    """The index has the key; as words the threes that a left-out sign makes; and the signs with marks in between."""
    assert grams_of("ABCDE").replace(MARK, "-") == "ABCDE ABD ACD BCE BDE -A-B-C-D-E-"
    assert grams_of("") == " "


def test_the_mark_is_no_sign() -> None:
    """No sign of the country has the mark's character, and the database has it as a letter."""
    country = load_country("nepal")
    assert MARK.isalpha()
    assert MARK not in {key_of((sign,)) for label in country.labels for sign in signs_of(label, country)}
