"""Whatever happens to workers, Redis and the coordinator: the weights are those of the undisturbed run."""

import os
import random

import pytest

from tests.support.chaos import Chaos
from tests.support.program import metrics

SEED = int(os.environ.get("GRADMQ_SEED", random.randrange(2**32)))


@pytest.mark.parametrize(
    ("number", "faults"),
    [(0, 14), *(pytest.param(number, 70, marks=pytest.mark.chaos) for number in range(1, 4))],
)
def test_a_run_through_every_kind_of_fault_ends_with_the_bits_of_the_undisturbed_one(
    gradmq, small_data, server, fingerprints, number, faults
):
    print(f"GRADMQ_SEED={SEED}")
    chaos = Chaos(gradmq, small_data, server, SEED + number, faults)
    chaos.run()
    lines = metrics(chaos.folder)
    print(f"{sum(chaos.fired.values())} faults: {dict(chaos.fired)}")
    assert sum(chaos.fired.values()) == faults
    assert len(chaos.fired) == len(chaos.kinds)
    assert [line["epoch"] for line in lines] == list(range(chaos.epochs))
    assert [line["weights_sha256"] for line in lines] == fingerprints(chaos.epochs)
    for line in lines:
        assert line["samples"] == 1000
        assert sum(counts["answered"] for counts in line["ledger"]["workers"].values()) == line["ledger"]["requests"]
        assert sum(counts["samples"] for counts in line["ledger"]["workers"].values()) == 1000
