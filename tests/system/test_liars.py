"""A worker that lies now and then: an audit names it, and the run goes back to before it took part."""

import re
from pathlib import Path

import pytest

from benchmarks.lying import lies, lying
from tests.support.program import Program, job, metrics, start_worker

EPOCHS = 6
HONEST = 150  # replies of the liar, so that some epochs are right


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "liar"


def on_other_machines(gradmq, small_data, server, folder: Path) -> Program:
    liar = start_worker(gradmq, server, "worker1", **lying(folder, HONEST))
    good = start_worker(gradmq, server, "worker2")
    for worker in (liar, good):
        worker.wait_for(" ready.")
    return gradmq(*job(small_data, EPOCHS, redis=server.url, audit=0.03))


def in_shared_memory(gradmq, small_data, server, folder: Path) -> Program:
    options = {"workers": 2, "audit": 0.03, "audit_by": "workers"}
    return gradmq(*job(small_data, EPOCHS, **options), **lying(folder, HONEST))


@pytest.mark.parametrize("start", [on_other_machines, in_shared_memory])
def test_a_run_with_a_liar_ends_with_the_undisturbed_fingerprints(
    gradmq, small_data, server, fingerprints, folder, start
):
    program = start(gradmq, small_data, server, folder)
    assert program.end() == 0, program.text()
    recorded = metrics(program)
    assert [line["weights_sha256"] for line in recorded] == fingerprints(EPOCHS)
    assert lies(folder)
    assert re.search(r"going back to the beginning of epoch \d", program.text()), program.text()
    ledgers = [line["ledger"]["workers"] for line in recorded]
    of_liar = [each for ledger in ledgers for name, each in ledger.items() if name.startswith("worker1@")]
    assert [(each["samples"], each["answered"]) for each in of_liar] == [(0, 0)]
    assert of_liar[0]["rejected"] >= 1
    assert not [*program.run_folder.glob("checkpoint.epoch*")]
    shown = gradmq("show", program.run_folder)
    assert shown.end() == 0, shown.text()
    assert "going back" in shown.text()
