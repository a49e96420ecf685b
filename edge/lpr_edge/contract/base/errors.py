"""The errors that a user can cause, each printed as one line."""


class LprError(Exception):
    """A user's mistake or a missing part: says what was found, what was expected and what to do next."""


class ManifestError(LprError):
    """A model file without a manifest that this lpr can trust."""


class ModelError(LprError):
    """A model that can't be loaded, or is of another kind than was asked for."""


class DataError(LprError):
    """A data folder, label or picture that can't be used."""


class SourceError(LprError):
    """A camera, stream or file that gives no frames."""
