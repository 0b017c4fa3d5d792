"""What `gradmq doctor` says, and how it ends."""

import pytest
from click.testing import CliRunner

from coordinator.cli import doctor as command
from coordinator.doctor.candidates import Candidate
from coordinator.doctor.examination import Finding
from coordinator.doctor.report import machine, table, verdict
from shared.environment import environment
from shared.fixed_problem import EXPECTED


def digests(exact: str = EXPECTED) -> dict[str, str]:
    return {"exact float64": exact, "native float32": "2" * 64, "native float64": "3" * 64}


AS_FOUND = Finding(Candidate("as found"), {1: digests(), 2: digests()})
CRASHED = Finding(Candidate("SkylakeX"), trouble="crashes (SIGILL): this processor lacks its instructions")
WRONG = Finding(Candidate("Nehalem"), {1: digests(), 2: digests("0" * 64)})


def test_the_machine_is_told_in_lines():
    assert environment().blas in machine()
    assert environment().processor in machine()


def test_the_table_has_a_line_for_kernels_and_threads_and_one_for_what_cannot_be_had():
    head, one, two, crashed = table([AS_FOUND, CRASHED]).splitlines()
    assert head.split() == ["kernels", "threads", "exact", "native", "float32", "native", "float64"]
    assert one.split() == ["as", "found", "1", EXPECTED[:12], "2" * 12, "3" * 12]
    assert two.split()[2] == "2"
    assert crashed == "SkylakeX  crashes (SIGILL): this processor lacks its instructions"


def test_kernels_that_cannot_be_had_are_no_fault_of_the_machine():
    judged = verdict([AS_FOUND, CRASHED])
    assert judged.healthy
    assert judged.text.startswith("exact arithmetic: all 2 agree")


def test_one_wrong_digest_among_many_is_named():
    judged = verdict([AS_FOUND, CRASHED, WRONG])
    assert not judged.healthy
    assert "WRONG: 1 of 4 do not agree" in judged.text
    assert "Nehalem with 2 threads;" in judged.text


def test_digests_that_agree_with_each_other_but_not_with_every_machine_are_wrong():
    judged = verdict([Finding(Candidate(label), {1: digests("0" * 64)}) for label in ("as found", "Nehalem")])
    assert not judged.healthy
    assert "all 2 agree, but not with every other machine" in judged.text


def test_a_machine_that_cannot_compute_as_it_is_is_not_healthy():
    judged = verdict([Finding(Candidate("as found"), trouble="crashes (SIGSEGV)"), AS_FOUND])
    assert not judged.healthy
    assert judged.text == "this machine as it is crashes (SIGSEGV)"


@pytest.mark.parametrize(("findings", "code"), [([AS_FOUND, CRASHED], 0), ([AS_FOUND, WRONG], 1)])
def test_the_exit_code_says_whether_all_is_well(monkeypatch, findings, code):
    monkeypatch.setattr(command, "examine", lambda _: iter(findings))
    result = CliRunner().invoke(command.doctor, catch_exceptions=False)
    assert result.exit_code == code
    assert result.output.splitlines()[-1] == verdict(findings).text
