"""A machine whose exact arithmetic is wrong in the last bit of one delta: it is named, and computes nothing."""

from pathlib import Path

import pytest

from coordinator.doctor.candidates import candidates
from tests.support.mnist import PROJECT
from tests.support.program import job, metrics, start_worker

DEFECT = """
from shared.nn.arithmetic.exact import Exact

round_delta = Exact.round_delta


def defective(self, delta, limit):
    round_delta(self, delta, limit)
    delta[-1, -1] += limit * 2.0**-self.delta_bits


Exact.round_delta = defective
"""


@pytest.fixture
def defective(tmp_path: Path) -> dict[str, str]:
    """The environment of a program on such a machine."""
    folder = tmp_path / "defect"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(DEFECT)
    return {"PYTHONPATH": f"{folder}:{PROJECT}"}


def test_a_worker_there_is_refused_before_it_computes(gradmq, small_data, server, fingerprints, defective):
    broken = start_worker(gradmq, server, "broken", **defective)
    broken.wait_for(" ready.")
    program = gradmq(*job(small_data, redis=server.url))
    program.wait_for("a defect of that machine")
    broken.wait_for("a defect of this machine")
    start_worker(gradmq, server, "good")
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)
    names = {name.split("@")[0] for line in metrics(program) for name in line["ledger"]["workers"]}
    assert names == {"good"}
    assert program.text().count("a defect of that machine") == broken.text().count("a defect of this machine") == 1


def test_no_run_begins_there(gradmq, small_data, defective):
    program = gradmq(*job(small_data, workers=0), **defective)
    assert program.end() == 2, program.text()
    assert "exact arithmetic is wrong on this machine" in program.text().splitlines()[-1]
    assert not [*program.output.parent.glob("runs/*")]


def test_no_run_is_verified_there(gradmq, finished, defective):
    program = gradmq("verify", finished, **defective)
    assert program.end() == 2, program.text()
    assert "exact arithmetic is wrong on this machine" in program.text()


def test_the_doctor_says_so(main_here, monkeypatch, capsys, defective):
    """Of the kernels that the machine has by itself: that the others are examined likewise, test_doctor.py proves."""
    monkeypatch.setattr("coordinator.cli.doctor.candidates", lambda: list(candidates())[:1])
    for name, value in defective.items():
        monkeypatch.setenv(name, value)  # of the process that computes
    assert main_here("doctor") == 1
    assert "exact arithmetic is WRONG" in capsys.readouterr().out.splitlines()[-1]
