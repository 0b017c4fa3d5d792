"""Whatever happens to workers, Redis, lines, disks and coordinators: the weights are those of undisturbed runs."""

import os
import random

import pytest

from tests.chaos.embedded import Embedded
from tests.chaos.own_redis import OwnRedis
from tests.support.program import programs

SEED = int(os.environ.get("GRADMQ_SEED", random.randrange(2**32)))


@pytest.mark.parametrize(
    ("number", "kind", "faults"),
    [
        *((number, kind, len(kind.kinds)) for number, kind in enumerate([OwnRedis, Embedded])),
        *(
            pytest.param(number, kind, faults, marks=pytest.mark.chaos)
            for number, (kind, faults) in enumerate([(OwnRedis, 100)] * 2 + [(Embedded, 40)], 2)
        ),
    ],
)
def test_runs_through_every_kind_of_fault_end_with_the_bits_of_the_undisturbed_ones(
    small_data, tmp_path, number, kind, faults
):
    print(f"GRADMQ_SEED={SEED}")
    with programs(tmp_path) as start, kind(start, small_data, tmp_path, f"{SEED}/{number}") as scenario:
        assert scenario.play(faults) == []
    print(f"{sum(scenario.fired.values())} faults: {dict(scenario.fired)}")
    assert sum(scenario.fired.values()) == faults
    assert len(scenario.fired) == len(kind.kinds)
