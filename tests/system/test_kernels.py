"""Native arithmetic on kernels that round differently: nobody mixes their bits without a word."""

import json
import platform

import pytest

from shared.environment import blas, environment
from tests.support.program import EPOCHS, job, metrics, start_worker

OLD = {"OPENBLAS_CORETYPE": "Nehalem"}
NATIVE = {"arithmetic": "native", "shards": 2}

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64")
    or blas().get("internal_api") != "openblas"
    or blas().get("architecture") == OLD["OPENBLAS_CORETYPE"],
    reason="needs an OpenBLAS for x86-64, whose kernels can be chosen, on a processor that is not so old itself",
)


def line_of(text: str, *parts: str) -> str:
    """The one line that has all of these in it."""
    (line,) = [line for line in text.splitlines() if all(part in line for part in parts)]
    return line


def test_a_worker_with_other_kernels_is_refused_before_it_computes(gradmq, small_data, server, fingerprints):
    old = start_worker(gradmq, server, "old", **OLD)
    old.wait_for(" ready.")
    program = gradmq(*job(small_data, redis=server.url, **NATIVE))
    program.wait_for("it rounds otherwise")
    old.wait_for("this worker rounds otherwise")
    start_worker(gradmq, server, "good")
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2, **NATIVE)
    for text in (program.text(), old.text()):  # once, though it has taken more than one lease
        line = line_of(text, "rounds otherwise", "Nehalem", environment().kernels)
        assert "--arithmetic exact" in line
    names = {name.split("@")[0] for line in metrics(program) for name in line["ledger"]["workers"]}
    assert names == {"good"}


def test_a_native_run_says_before_it_goes_on_elsewhere_that_this_machine_rounds_otherwise(gradmq, small_data):
    program = gradmq(*job(small_data, workers=0, **NATIVE))
    assert program.end() == 0, program.text()
    verified = gradmq("verify", program.run_folder, **OLD)
    assert verified.end() == 1, verified.text()
    warning, *_, difference = verified.text().splitlines()
    assert "this machine rounds otherwise than the one that the run was computed on" in warning
    assert "Nehalem" in warning
    assert environment().kernels in warning
    assert "weights_sha256 is" in difference
    at_home = gradmq("verify", program.run_folder)
    assert at_home.end() == 0, at_home.text()
    assert "rounds otherwise" not in at_home.text()


@pytest.mark.parametrize(("arithmetic", "warnings"), [("native", 1), ("exact", 0)])
def test_a_run_keeps_the_list_of_the_machines_that_it_was_computed_on(gradmq, small_data, arithmetic, warnings):
    program = gradmq(*job(small_data, EPOCHS, arithmetic=arithmetic, workers=0))
    program.wait_for("Epoch 1:")
    program.process.terminate()
    assert program.end() == 143, program.text()
    for _ in range(2):  # the second finds nothing to do, and nothing to add
        resumed = gradmq("resume", program.run_folder, "--workers", 0, **OLD)
        assert resumed.end() == 0, resumed.text()
        assert resumed.text().count("rounds otherwise") == warnings
        warnings = 0
    places = json.loads((program.run_folder / "config.json").read_text())["computed_on"]
    assert [place["blas"].split()[-1] for place in places] == [environment().blas.split()[-1], "Nehalem"]
    shown = gradmq("show", program.run_folder)
    assert shown.end() == 0
    assert shown.text().count("computed on: ") == 2
    assert "Nehalem" in shown.text()


def test_exact_runs_just_work(gradmq, small_data, server, fingerprints):
    for worker in [start_worker(gradmq, server, "old", **OLD), start_worker(gradmq, server, "new")]:
        worker.wait_for(" ready.")
    program = gradmq(*job(small_data, redis=server.url, audit=1.0))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)
    names = {name.split("@")[0] for line in metrics(program) for name in line["ledger"]["workers"]}
    assert names == {"old", "new"}
    verified = gradmq("verify", program.run_folder, **OLD)
    assert verified.end() == 0, verified.text()
    for text in (program.text(), verified.text()):
        assert "rounds otherwise" not in text
        assert "no more work" not in text
