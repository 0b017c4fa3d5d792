"""Commands that are imported when they are asked for: all of them would take longer to start than the one."""

from collections import UserDict
from importlib import import_module

import click

from shared.importing import nothing_is_garbage


class Commands(UserDict[str, click.Command]):
    """Commands by their names, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[str, str] = {}  # of those that are not imported yet

    def is_in(self, place: str, name: str) -> None:
        """Have a command imported when it is asked for.  place: `module:attribute`, like an entry point."""
        self._places[name] = place
        self.data[name] = click.Command(name)  # which keeps its place in the order

    def __getitem__(self, name: str) -> click.Command:
        if place := self._places.get(name):
            module, attribute = place.split(":")
            with nothing_is_garbage():
                self.data[name] = getattr(import_module(module), attribute)
            del self._places[name]  # not before: where an import fails, the next one who asks is told so too
        return super().__getitem__(name)
