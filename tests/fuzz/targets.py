"""The table of all that is tried, and the inputs that are kept because they once failed."""

from pathlib import Path

from tests.fuzz import messages, runs, samples
from tests.fuzz.target import Target

CORPUS = Path(__file__).parents[1] / "corpus"

TARGETS: dict[str, Target] = {target.name: target for target in (*messages.TARGETS, *runs.TARGETS, *samples.TARGETS)}


def kept(target: Target) -> list[Path]:
    """Return the files of inputs that this target once failed on."""
    return sorted((CORPUS / target.name).glob("*"))
