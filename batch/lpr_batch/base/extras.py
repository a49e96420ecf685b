"""The libraries of the extra `batch`, imported where they are used."""

import importlib
from typing import Any

from lpr_edge.contract.base.errors import needing_extra


def load_ray() -> Any:
    """Ray, with Ray Data.

    Raises:
        LprError: it isn't installed.
    """
    _load("ray.data", "Ray Data")
    return _load("ray", "Ray")


def load_arrow() -> Any:
    """Apache Arrow.

    Raises:
        LprError: it isn't installed.
    """
    return _load("pyarrow", "Apache Arrow")


def load_compute() -> Any:
    """Arrow's functions on columns.

    Raises:
        LprError: it isn't installed.
    """
    return _load("pyarrow.compute", "Apache Arrow")


def load_parquet() -> Any:
    """Arrow's reader and writer of Parquet.

    Raises:
        LprError: it isn't installed.
    """
    return _load("pyarrow.parquet", "Apache Arrow")


def load_fsspec() -> Any:
    """The file systems.

    Raises:
        LprError: it isn't installed.
    """
    return _load("fsspec", "fsspec")


def _load(name: str, shown: str) -> Any:
    with needing_extra("lpr-batch", shown, "batch"):
        return importlib.import_module(name)
