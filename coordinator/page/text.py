"""Figures and names as people read them."""

from pathlib import Path

from coordinator.reporting import lines


def from_here(path: Path) -> Path:
    """Return a path as one would type it in the current folder."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def cost(figure: float) -> str:
    return f"{figure:#.3g}"


def r2(figure: float) -> str:
    return f"{figure:.4f}"


def short(figure: float) -> str:
    """Return a figure without zeros at its end."""
    return f"{figure:g}"


def seconds(time: float) -> str:
    return f"{time:.2f}"


def count(number: int) -> str:
    """Return a whole number with its thousands apart, by a space that breaks no line."""
    return f"{number:,}".replace(",", "\u202f")


def duration(seconds: float) -> str:
    """Return a time in at most two units; a short one with its tenths."""
    return f"{seconds:.1f} s" if seconds < 10 else lines.duration(seconds)


def plural(number: int, noun: str) -> str:
    """Return a number with its noun, whose plural ends in s."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"
