"""Result of parsing a reading with a country's grammar."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Parsed:
    """A reading under a country's grammar."""

    form: str | None
    """Name of the form that it has; None where it has none."""
    valid: bool
    """Whether some form allows it."""
    fields: dict[str, str]
    """Field -> what the plate says there, and `<field>_name` -> what that means; empty where it isn't valid."""
    latin: str
    """The labels in Latin letters."""

    @property
    def named_fields(self) -> dict[str, str]:
        """`form`, the form's name, then `fields`; empty where no form allows the reading."""
        return {} if self.form is None else {"form": self.form, **self.fields}
