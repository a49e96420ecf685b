"""Registry of extensions by name: lpr's own, and entry points of other packages."""

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lpr_edge.contract.base.errors import LprError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Registry:
    """The extensions of one kind, each imported only when it is loaded."""

    def __init__(self, group: str, own: Mapping[str, str]) -> None:
        """Register lpr's own extensions.

        Args:
            group: of the entry points of other packages, such as `lpr.sinks`.
            own: name -> `module:attribute`, as an entry point has it. No other package can take such a name.
        """
        self.group = group
        self.own = dict(own)

    @cached_property
    def installed(self) -> "dict[str, EntryPoint]":
        """Entry points of other packages by name; looked up once, on first use."""
        from importlib.metadata import entry_points

        return {point.name: point for point in entry_points(group=self.group) if point.name not in self.own}

    def names(self) -> tuple[str, ...]:
        """Names of all extensions, lpr's own first."""
        return (*self.own, *sorted(self.installed))

    def __contains__(self, name: str) -> bool:
        return name in self.own or name in self.installed

    def load(self, name: str) -> Any:
        """Import an extension.

        Raises:
            LprError: there is none of that name, or its package can't be imported.
        """
        if name in self.own:
            module, _, attribute = self.own[name].partition(":")
            return getattr(import_module(module), attribute)
        if name not in self.installed:
            known = ", ".join(self.names())
            raise LprError(f"no extension {name!r} in {self.group}: known are {known}; is its package installed?")
        point = self.installed[name]
        try:
            return point.load()
        except Exception as error:
            owner = point.dist.name if point.dist else point.value
            raise LprError(
                f"the extension {name} in {self.group} can't be loaded ({type(error).__name__}: {error}): "
                f"install {owner} again, or remove it"
            ) from error
