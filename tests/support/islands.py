"""A second country, Latin and with one row: whatever draws it can't know Nepal."""

from lpr_edge.contract.country import Country, country_from_dict

ISLANDS = {
    "name": "islands",
    "title": "Islands",
    "language": "en",
    "labels": {"digits": list("0123456789"), "letters": list("ABCDEFGHJK")},
    "characters": {"0": "0", "A": "A"},
    "forms": [
        {
            "name": "usual",
            "elements": [
                {"field": "parish", "from": "letters", "count": [2, 2]},
                {"field": "number", "from": "digits", "count": [3, 4]},
            ],
        }
    ],
    "layouts": [{"form": "usual", "weight": 1, "rows": ["{parish} {number}"], "scale": [1.0]}],
    "colours": [{"name": "blue", "plate": [20, 40, 150], "text": [250, 250, 250], "weight": 1}],
}


def islands() -> Country:
    """The country."""
    return country_from_dict(ISLANDS)
