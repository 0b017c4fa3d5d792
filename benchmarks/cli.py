"""The command line of a benchmark: every amount has a default, and a smaller one with --quick."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


class Parser(argparse.ArgumentParser):
    """Options of a benchmark."""

    def __init__(self, module: str, description: str | None, results: str = "") -> None:
        """module: which is run.  results: what it writes, nothing if it only prints."""
        super().__init__(
            prog=f"python -m {module}",
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self._quick: dict[str, Any] = {}
        self.add_argument(
            "--quick", action="store_true", help="a few seconds, to see that it runs: the figures claim nothing"
        )
        if results:
            self.add_argument(
                "--results",
                type=Path,
                metavar="FOLDER",
                help=f"where {results} is written; default: {RESULTS}, with --quick: nowhere",
            )

    def amount(self, flag: str, full: Any, quick: Any, what: str, **settings: Any) -> None:
        """Add an option that is smaller with --quick.  what: it is, for people."""
        settings.setdefault("type", positive(type(full)))
        action = self.add_argument(
            flag, default=full, help=f"{what}; default: {_shown(full)}, with --quick: {_shown(quick)}", **settings
        )
        self._quick[action.dest] = quick

    def parse(self) -> argparse.Namespace:
        """Return the options of the command line."""
        if "--quick" in sys.argv[1:]:
            self.set_defaults(**self._quick)
        options = self.parse_args()
        if not options.quick and getattr(options, "results", self) is None:
            options.results = RESULTS
        return options


def positive(number: Callable[[str], float]) -> Callable[[str], float]:
    """Return a parser of a number above 0.  number: int or float."""

    def parse(text: str) -> float:
        value = number(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
        return value

    parse.__name__ = number.__name__  # for argparse's own message about what is no number
    return parse


def names_of(known: dict[str, Any]) -> Callable[[str], list[str]]:
    """Return a parser of a list of known names, with commas."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(known)}")
        return names

    return parse


def numbers(text: str) -> list[int]:
    """Parse a list of whole numbers above 0, with commas."""
    return [int(positive(int)(each)) for each in text.split(",")]


def _shown(value: Any) -> str:
    """Return a default as it would be typed."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else f"{value:g}"
