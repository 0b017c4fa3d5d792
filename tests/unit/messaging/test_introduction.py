"""How a worker introduces itself."""

import pytest

from shared.environment import Kernels
from shared.messaging.introduction import LONGEST, Introduction
from tests.support.mutate import COUNT


def test_an_introduction_survives_its_journey():
    introduction = Introduction("worker@hôst:1", Kernels("1" * 64, "OpenBLAS, NumPy"))
    assert Introduction.decode(introduction.encode()) == introduction


@pytest.mark.parametrize("content", [b"", b"one", b"one\0", b"one\0two"])
def test_what_is_missing_is_empty(content):
    name, kernels = Introduction.decode(content)
    assert name == content.split(b"\0")[0].decode()
    assert kernels.description == ""


def test_a_long_one_is_cut():
    assert len(Introduction("x" * 5000, Kernels("", "")).encode()) == LONGEST


def test_whatever_comes_can_be_shown(dice):
    for _ in range(COUNT):
        name, kernels = Introduction.decode(dice.randbytes(dice.randrange(2 * LONGEST)))
        assert "".join((name, *kernels)).isprintable()
