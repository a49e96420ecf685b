"""The errors that a user can cause, each printed as one line."""

from collections.abc import Iterator
from contextlib import contextmanager


class LprError(Exception):
    """A user's error or a missing part: says what was found, what was expected and what to do next."""


class ManifestError(LprError):
    """A model file without a valid manifest."""


class ModelError(LprError):
    """A model that can't be loaded, or is of another kind than expected."""


class DataError(LprError):
    """An invalid data folder, label or image."""


class SourceError(LprError):
    """A camera, stream or file without frames."""


@contextmanager
def needing_extra(user: str, package: str, extra: str, error: type[LprError] = LprError) -> Iterator[None]:
    """Import an extra's packages in this block: where one can't be, the error names the extra.

    Args:
        user: the flag, command or format that needs them.
        package: their names, in words.
        extra: of lpr, which has them.
        error: what is raised.

    Raises:
        LprError: an import failed; of the type `error`.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        raise error(f"{user} needs {package}: pip install 'lpr[{extra}]'") from missing
    except ImportError as broken:
        raise error(
            f"{user} needs {package}, and it can't be imported ({broken}): pip install --force-reinstall 'lpr[{extra}]'"
        ) from broken
