"""The recipes that come with GradMQ: the TOML files beside this one."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from shared.errors import ConfigError

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """A file of settings, and what it says of itself."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def text(self) -> str:
        """The file, as one may copy and change it."""
        return self.path.read_text()

    @property
    def about(self) -> dict[str, str]:
        """What it is (`description`), what it `reaches`, and how long it `takes`."""
        fields = tomllib.loads(self.text)
        return {name: fields[name] for name in ("description", "reaches", "takes")}


def recipes() -> list[Recipe]:
    """Return all recipes, by name."""
    return sorted(map(Recipe, _FOLDER.glob("*.toml")), key=lambda recipe: recipe.name)


def recipe(name: str) -> Recipe:
    """Return the recipe of that name.  Raises ConfigError if there is none."""
    found = {each.name: each for each in recipes()}
    if name not in found:
        raise ConfigError("recipe", name, f"must be one of {', '.join(found)}", "`gradmq recipes` tells what they are")
    return found[name]
