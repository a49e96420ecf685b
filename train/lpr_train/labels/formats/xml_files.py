"""XML files of label tools; entities, which could expand to huge texts, are rejected."""

from pathlib import Path
from xml.etree import ElementTree

from lpr_edge.contract.base.errors import DataError
from lpr_edge.contract.base.text_files import MAX_LABEL_BYTES, read_text, shown

Element = ElementTree.Element


def read_xml(path: Path) -> Element:
    """Read an XML file's root.

    Raises:
        DataError: it can't be read, isn't XML, or declares entities, which can grow without end.
    """
    try:
        text = read_text(path, MAX_LABEL_BYTES)
        if "<!ENTITY" in text:
            raise DataError(f"{shown(path)} declares entities, which no label tool does: save it without them")
        return ElementTree.fromstring(text)
    except OSError as error:
        raise DataError(f"{shown(path)} can't be read: {error.strerror or error}") from error
    except ElementTree.ParseError as error:
        raise DataError(f"{shown(path)} isn't XML: {error}") from error


def text_of(element: Element, tag: str) -> str:
    """Stripped text of a child element; empty without one."""
    return (element.findtext(tag) or "").strip()


def number_of(element: Element, tag: str) -> float:
    """A child's number.

    Raises:
        ValueError: there is none, or it isn't one.
    """
    text = text_of(element, tag)
    if not text:
        raise ValueError(f"<{element.tag}> has no <{tag}>")
    return float(text)
