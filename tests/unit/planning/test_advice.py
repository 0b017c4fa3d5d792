"""What `gradmq plan` predicts and advises, where the truth is known."""

import pytest

from coordinator.planning.advice import advise, enough_local_steps
from coordinator.planning.cost_model import IDEAL, CostModel, Costs, Link
from coordinator.planning.profiler import Profile
from shared.config import TrainConfig
from shared.strategies import SyncSGD

FREE = Costs(*[0.0] * len(Costs.__dataclass_fields__))
SPEED = Profile(call=0.0, unit=0.010, step=0.0, mini_batch=0.160)  # seconds
SIXTEEN = TrainConfig(
    sizes=(784, 30, 10),
    epochs=1,
    mini_batch_size=160,
    learning_rate=3.0,
    arithmetic="native",
    strategy=SyncSGD(shards=16),
)
SLOW = Link(bandwidth=1e6, rtt=0.05)


def speed_up(plan: CostModel, workers: int) -> float:
    return plan.forecast(workers).samples_per_second / plan.forecast(0).samples_per_second


def test_on_a_free_network_the_speed_up_is_the_number_of_workers_up_to_the_shards():
    plan = CostModel(SIXTEEN, SPEED, IDEAL, cores=1, costs=FREE)
    for workers in (1, 2, 4, 8, 16):
        assert speed_up(plan, workers) == pytest.approx(workers)
    assert speed_up(plan, 64) == pytest.approx(16)
    assert "16 workers are best, 16.0 times as fast" in advise(plan, 64).sentences[0]


def test_workers_on_one_machine_help_up_to_its_cores():
    plan = CostModel(SIXTEEN, SPEED, None, cores=4, costs=FREE)
    assert speed_up(plan, 4) == speed_up(plan, 16) == pytest.approx(4)
    assert "they share 4 cores" in advise(plan, 16).sentences[0]


def test_on_a_slow_link_no_workers_are_best_and_local_steps_are_advised():
    best, local = advise(CostModel(SIXTEEN, SPEED, SLOW, cores=1), 16).sentences
    assert best.startswith("No workers are best")
    assert local.startswith("Local steps are worth a try")


def test_from_the_advised_number_of_local_steps_on_communication_takes_a_tenth():
    plan = CostModel(SIXTEEN, SPEED, SLOW, cores=1)
    enough = enough_local_steps(plan, replicas=4)
    share = {steps: 1 - plan.local(4, steps).compute / plan.local(4, steps).seconds for steps in (enough - 1, enough)}
    assert share[enough] <= 0.1 < share[enough - 1]


def test_more_weights_and_longer_ways_cost_more():
    wide = TrainConfig(
        sizes=(784, 300, 10),
        epochs=1,
        mini_batch_size=160,
        learning_rate=3.0,
        arithmetic="native",
        strategy=SyncSGD(shards=16),
    )
    near, far = Link(1e9, 0.0), Link(1e9, 0.01)
    assert CostModel(wide, SPEED, near, 1).forecast(4).seconds > CostModel(SIXTEEN, SPEED, near, 1).forecast(4).seconds
    added = CostModel(wide, SPEED, far, 1).forecast(4).seconds - CostModel(wide, SPEED, near, 1).forecast(4).seconds
    assert added == pytest.approx(far.rtt)
