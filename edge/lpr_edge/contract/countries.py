"""Countries by name: lpr's own and other packages', or any TOML file."""

from pathlib import Path

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.base.registry import Registry
from lpr_edge.contract.base.text_files import parse_toml, read_text
from lpr_edge.contract.country import Country, country_from_dict

NEPAL = Path(__file__).parent / "plates" / "nepal.toml"
COUNTRIES = Registry("lpr.countries", {"nepal": "lpr_edge.contract.countries:NEPAL"})
"""Each is the path of a country's TOML file, which has the same name."""


def load_country(name_or_path: str | Path = "nepal") -> Country:
    """Read a country's file.

    Args:
        name_or_path: the name of one that lpr or another package brings, or a path to a TOML file.

    Raises:
        LprError: there is no such file, or it isn't valid.
    """
    name = str(name_or_path)
    if name in COUNTRIES.own or (not Path(name).exists() and name in COUNTRIES):
        return _registered_country(name)
    try:
        return _read_country(Path(name))
    except OSError as error:
        known = ", ".join(COUNTRIES.names())
        raise LprError(f"no country {name!r}: give a TOML file, or one of {known}") from error


def _registered_country(name: str) -> Country:
    path = COUNTRIES.load(name)
    if not isinstance(path, str | Path):
        raise LprError(f"{path!r} isn't the path of the country {name!r}: see docs/extending.md")
    try:
        country = _read_country(Path(path))
    except OSError as error:
        raise LprError(
            f"the country {name!r} can't be read ({path}: {error.strerror}): install its package again"
        ) from error
    if country.name != name:
        raise LprError(
            f"{path} is the country {country.name!r}, and {name!r} in lpr.countries must be one: see docs/extending.md"
        )
    return country


def _read_country(path: Path) -> Country:
    text = read_text(path)
    try:
        return country_from_dict(parse_toml(text))
    except ValueError as error:
        raise LprError(f"{path} is not valid TOML: {error}") from error
