"""Inputs of every kind with changes: those that once failed, and some more; `make fuzz` tries them by the million."""

import pytest

from tests.fuzz.check import problem
from tests.fuzz.mutator import mutated
from tests.fuzz.targets import CORPUS, TARGETS, kept
from tests.support.mutate import COUNT

_ENDS = "resp"  # whose inputs end where a connection does, which is always a loss


@pytest.mark.parametrize("name", TARGETS)
def test_an_input_is_taken_or_refused_in_a_line(name, dice):
    target = TARGETS[name]
    seeds = [*target.examples(), *(path.read_bytes() for path in kept(target))]
    assert [found for found in (problem(target, content) for content in seeds) if found] == []
    for _ in range(COUNT):
        content = mutated(dice.choice(seeds), dice, seeds, target.tokens)
        assert problem(target, content) == "", content


@pytest.mark.parametrize("name", [name for name in TARGETS if name != _ENDS])
def test_an_example_is_taken(name):
    """Otherwise mutations of it would be refused at the door."""
    target = TARGETS[name]
    taken = 0
    for content in target.examples():
        try:
            target.take(content)
            taken += 1
        except target.refusals:
            pass  # one of a kind that is refused whole, and worth a try
    assert taken


def test_every_folder_of_kept_inputs_is_of_a_target():
    assert {path.name for path in CORPUS.glob("*") if path.is_dir()} <= TARGETS.keys()
