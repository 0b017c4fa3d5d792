"""Whatever happens to workers, Redis, lines, disks and coordinators: the weights are those of undisturbed runs."""

import os
import random

import pytest

from tests.chaos.embedded import Embedded
from tests.chaos.own_redis import BadLines, OwnRedis
from tests.support.program import programs

SEED = int(os.environ.get("GRADMQ_SEED", random.randrange(2**32)))


# In `make test` as many faults as it has time for; in `make chaos` each kind at least three times.
@pytest.mark.parametrize(
    ("number", "kind", "faults"),
    [
        (0, OwnRedis, 24),
        (1, Embedded, 8),
        *(
            pytest.param(number, kind, faults, marks=pytest.mark.chaos)
            for number, kind, faults in (
                (2, OwnRedis, 100),
                (3, OwnRedis, 100),
                (4, Embedded, 40),
                (5, BadLines, 300),
            )
        ),
    ],
)
def test_runs_through_faults_of_all_kinds_end_with_the_bits_of_the_undisturbed_ones(
    small_data, tmp_path, number, kind, faults
):
    print(f"GRADMQ_SEED={SEED}")
    with programs(tmp_path) as start, kind(start, small_data, tmp_path, f"{SEED}/{number}") as scenario:
        assert scenario.play(faults) == []
    print(f"{sum(scenario.fired.values())} faults: {dict(scenario.fired)}")
    assert scenario.fired.total() >= faults
    assert len(scenario.fired) == min(faults, len(kind.kinds))
