"""The pages' texts in each language."""

import re
from pathlib import Path

from lpr_edge.web.page_files import FILES

LINE = re.compile(r'    "([^"]+)": "((?:[^"\\]|\\.)+)",')
DEVANAGARI = re.compile(r"[\u0900-\u097f]")


def tables() -> dict[str, dict[str, str]]:
    text = (FILES / "words.js").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for name, body in re.findall(r"^  (\w+): \{\n(.*?)^  \},$", text, re.MULTILINE | re.DOTALL):
        lines = [LINE.fullmatch(line) for line in body.splitlines()]
        assert all(lines), body
        found[name] = {line[1]: line[2] for line in lines if line}
        assert len(found[name]) == len(lines), "a key stands twice"
    return found


def test_every_text_is_in_both_languages() -> None:
    """English and Nepali have the same keys with the same places for values; Nepali ones are in Devanagari."""
    languages = tables()
    english, nepali = languages["en"], languages["ne"]
    assert list(english) == list(nepali)
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", nepali[key])), key
        assert not DEVANAGARI.search(text), key
        assert DEVANAGARI.search(nepali[key]), key


def test_every_text_that_a_page_names_is_there() -> None:
    """What scripts and documents ask for by key is in the table, so that no key is shown in a text's place."""
    files = [path for path in FILES.iterdir() if path.suffix in (".js", ".html")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = {*re.findall(r'words\("([^"]+)"', text), *re.findall(r'data-words(?:-\w+)?="([^"]+)"', text)}
    assert len(named) > 30
    assert named - set(tables()["en"]) == set()


def test_no_script_has_a_text_of_its_own() -> None:
    """Scripts write no English sentence into the page: such a text would be in one language."""
    for path in FILES.glob("*.js"):
        if path.name != "words.js":
            code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
            assert re.findall(r'(?:textContent = |element\("\w+", "\w*", |say\()["`][A-Za-z]{3,}', code) == [], (
                path.name
            )


def test_the_pages_ask_nobody_else() -> None:
    """No file of a page names another machine: no content of elsewhere, and no need for a network but the device's."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in Path(FILES).iterdir() if path.suffix != ".png"}
    assert len(texts) > 8
    assert [name for name, text in texts.items() if re.search(r"https?:|//\w", text.replace("// ", ""))] == []
    assert [name for name, text in texts.items() if re.search(r"innerHTML|outerHTML|insertAdjacent|eval\(", text)] == []
