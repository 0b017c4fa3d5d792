"""Who rounds otherwise computes nothing."""

import logging

import pytest

from coordinator.workers.admission import Admission
from coordinator.workers.exclusions import Exclusions
from shared.environment import Kernels

OURS, THEIRS = Kernels("1" * 64, "OpenBLAS Haswell"), Kernels("2" * 64, "OpenBLAS Nehalem")


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.ERROR)
    return lambda: [record.getMessage() for record in caplog.records]


def test_who_rounds_alike_is_admitted_whatever_its_kernels_are_called(told):
    exclusions = Exclusions([])
    assert Admission(OURS, any_order=False, exclusions=exclusions).admits("one", OURS._replace(description="another"))
    assert exclusions.names == []
    assert told() == []


def test_in_a_native_run_the_line_has_both_kernels_and_what_to_do(told):
    exclusions = Exclusions([])
    admission = Admission(OURS, any_order=False, exclusions=exclusions)
    assert not admission.admits("old", THEIRS)
    assert not admission.admits("old", THEIRS)
    assert exclusions.names == ["old"]
    (line,) = told()
    assert "OpenBLAS Haswell" in line
    assert "OpenBLAS Nehalem" in line
    assert "--arithmetic exact" in line
    assert "gets no more work in this run" in line


@pytest.mark.parametrize("digest", ["2" * 64, "", "?"])
def test_in_an_exact_run_another_digest_is_a_defect_of_that_machine(told, digest):
    exclusions = Exclusions([])
    assert not Admission(OURS, any_order=True, exclusions=exclusions).admits("broken", THEIRS._replace(digest=digest))
    assert exclusions.names == ["broken"]
    (line,) = told()
    assert "a defect of that machine" in line
    assert "--arithmetic" not in line
