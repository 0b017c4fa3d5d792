"""How much memory there is."""

import os

import pytest

from shared import machine_memory
from shared.machine_memory import memory_bytes

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def limit(monkeypatch, tmp_path):
    """Have a container with that limit."""
    monkeypatch.setattr(machine_memory, "_LIMITS", (tmp_path / "memory.max", tmp_path / "none"))
    monkeypatch.delenv("GRADMQ_MEMORY_LIMIT", raising=False)
    return (tmp_path / "memory.max").write_text


@pytest.mark.parametrize("text", ["max\n", "", f"{2**62}\n"])
def test_without_a_limit_it_is_the_machines(limit, text):
    limit(text)
    assert memory_bytes() == MACHINE


def test_a_container_has_what_it_is_given(limit):
    limit("1048576\n")
    assert memory_bytes() == 2**20


@pytest.mark.parametrize(("given", "found"), [("0.0005", 536870), ("many", 2**20), ("nan", 2**20), ("inf", 2**20)])
def test_a_process_may_be_given_less(limit, monkeypatch, given, found):
    limit("1048576\n")
    monkeypatch.setenv("GRADMQ_MEMORY_LIMIT", given)
    assert memory_bytes() == found
