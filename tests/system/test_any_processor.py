"""Exact runs have the same bits on any processor: whole ones, computed with every kernel that can be had here.

A variable makes OpenBLAS take the kernels of another processor, and NumPy do without its newest loops; both must be set
before they are loaded, so each candidate has a process of its own. What was not to be had is skipped by name.
"""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from coordinator.doctor.candidates import Candidate, candidates
from tests.support import deformations
from tests.support.mnist import PROJECT
from tests.support.program import job, metrics, start_worker
from tests.support.waiting import PATIENCE

CANDIDATES = {candidate.label: candidate for candidate in candidates()}
AS_FOUND = next(iter(CANDIDATES))
AT_A_TIME = 2  # processes
JOBS = ("notebook", "deep", "wide", "relu", "tanh")
EXACT = [f"exact {run}" for job in JOBS for run in (job, f"{job} in pieces")] + ["exact local"]
NATIVE = ["native notebook", "native deep", "native wide"]

# Recorded once, after two epochs: other bits would be those of other formulas.
RECORDED = {
    "notebook": "4f2db173576844737a22114a940c1fb53e3339a2a58334a30bc59aa5ddb92533",
    "deep": "24888780aa8dc95a10c4ca8b0d5fedbb62ebccb7ada3616580a475c0375c6ba7",
    "wide": "18edbec433cb97007144254a4070c2a7a61f4e7d2f30ec92cb8fc623c9a6d0a3",
    "relu": "8d6aa742c5dbe3693205336e87b588ce1bec7b416cee88291bd699237e1d157b",
    "tanh": "618a2271aa65586e3a251501d53bd0ea7e9672674ca62491f49df80df11b156f",
    "local": "e742a2b7c6c3ee981124e40e1d219d1f68cbb1d6416539a9a7051b2b35f63d7f",
}

Told = dict[str, Any]  # by `tests.support.whole_runs`


def compute(candidate: Candidate, data: Path) -> Told | str:
    """Compute the runs with a candidate's kernels; return what was told of them, or why there are none."""
    end = subprocess.run(
        [sys.executable, "-m", "tests.support.whole_runs", str(data)],
        cwd=PROJECT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", **candidate.variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    if end.returncode == -signal.SIGILL:
        return "this processor lacks its instructions"
    assert end.returncode == 0, end.stderr
    told = json.loads(end.stdout)
    if not candidate.is_had_by(told["architecture"]):
        return f"OpenBLAS takes {told['architecture']} instead"
    return told


@pytest.fixture(scope="module")
def computed(small_data: Path) -> dict[str, Told | str]:
    """What came of every candidate."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = pool.map(lambda candidate: compute(candidate, small_data), CANDIDATES.values())
    return dict(zip(CANDIDATES, found, strict=True))


def had(computed: dict[str, Told | str]) -> dict[str, Told]:
    """What came of the candidates that were to be had."""
    return {label: told for label, told in computed.items() if isinstance(told, dict)}


@pytest.fixture(params=CANDIDATES)
def label(request, computed) -> str:
    """A candidate that was to be had."""
    if isinstance(computed[request.param], str):
        pytest.skip(f"{request.param}: {computed[request.param]}")
    return request.param


@pytest.mark.parametrize("threads", ["1", "2"])
def test_exact_runs_have_the_same_bits_with_all_kernels(computed, label, threads):
    """All epochs, whole and in pieces, and what is right in the end."""
    runs = had(computed)[label]["runs"]
    if threads not in runs:
        pytest.skip(f"{label}: BLAS takes {', '.join(runs)} threads here")
    reference = had(computed)[AS_FOUND]["runs"]["1"]
    for name in EXACT:
        assert runs[threads][name] == reference[name.removesuffix(" in pieces")]


@pytest.mark.parametrize("name", RECORDED)
def test_they_are_the_bits_of_every_other_machine(computed, name):
    assert had(computed)[AS_FOUND]["runs"]["1"][f"exact {name}"][-1][0] == RECORDED[name]


@pytest.mark.parametrize("threads", ["1", "2"])
def test_deformed_images_have_the_recorded_bits_with_all_kernels(computed, label, threads):
    """Of many sizes, cut another way in each process."""
    deformed = had(computed)[label]["deformed"]
    if threads not in deformed:
        pytest.skip(f"{label}: BLAS takes {', '.join(deformed)} threads here")
    assert deformed[threads] == {name: expected for name, (*_, expected) in deformations.RECORDED.items()}


def test_the_kernels_were_others(computed, label):
    """What was asked for is what the process has: so the tests above were not all the same."""
    candidate, told = CANDIDATES[label], had(computed)[label]
    if candidate.core:
        assert candidate.is_had_by(told["architecture"])
    disabled = candidate.variables.get("NPY_DISABLE_CPU_FEATURES", "").split()
    assert not set(disabled) & set(told["simd"])
    assert set(disabled) <= set(had(computed)[AS_FOUND]["simd"])


def test_the_kernels_do_round_differently(computed):
    """In native arithmetic, to which nothing happened: its bits tell the kernels apart."""
    kernels = {told["architecture"] for told in had(computed).values()}
    if len(kernels) < 2 and len({tuple(told["simd"]) for told in had(computed).values()}) < 2:
        pytest.skip(f"there are no other kernels here than {', '.join(kernels) or 'those of a BLAS without a name'}")
    for name in NATIVE:
        found = {told["runs"]["1"][name][-1][0] for told in had(computed).values()}
        assert len(found) > 1, name
        correct = {told["runs"]["1"][name][-1][1] for told in had(computed).values()}
        assert max(correct) - min(correct) < 10  # of 200: they learn alike


def test_a_cluster_of_different_processors_computes_the_bits_of_one(gradmq, small_data, server, fingerprints, computed):
    """A worker of each kind at once, one with two BLAS threads, every third reply computed again: none is rejected."""
    kinds = {(told["architecture"], *told["simd"]): label for label, told in had(computed).items()}
    if len(kinds) < 2:
        pytest.skip("there are no other kernels here")
    _, *others = kinds.values()
    labels = dict.fromkeys([AS_FOUND, others[0], others[-1]])
    workers = {f"kind{number}": CANDIDATES[label].variables for number, label in enumerate(labels)}
    workers["kind1"] = {**workers["kind1"], "GRADMQ_THREADS": "2"}
    started = [start_worker(gradmq, server, name, **variables) for name, variables in workers.items()]
    for worker in started:
        worker.wait_for(" ready.")
    options = {"mini_batch_size": 100}
    program = gradmq(*job(small_data, 40, redis=server.url, audit=0.3, batches_per_task=20, **options))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(40, **options)
    counts = [counts for line in metrics(program) for counts in line["ledger"]["workers"].items()]
    assert {name.split("@")[0] for name, counted in counts if counted["answered"]} == workers.keys()
    assert {each["rejected"] for _, each in counts} == {0}
