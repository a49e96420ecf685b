"""The errors that a user can cause, each printed as one line."""


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
