"""An audit by workers: what one has answered is asked of another; the coordinator computes only where they differ."""

import pytest

from coordinator.gradients.replies import Replies
from shared.messaging.records import OWN
from shared.parallel.strategy import strategy_of
from shared.training.state import TrainingState
from tests.integration.test_trust import wrong_bit
from tests.support.fake_worker import FakeWorker, honest
from tests.support.learning import CONFIG, EXACT, SAMPLES, alone, learn, step_of

STEPS = 10


@pytest.fixture(params=[CONFIG, EXACT], ids=["native", "exact"])
def config(request):
    return request.param


@pytest.fixture
def audited(remote_gradients, config):
    return remote_gradients(config=config, audit=1.0, audit_by_workers=True)


@pytest.fixture
def judged(monkeypatch) -> list[int]:
    """How many opinions there were each time that the coordinator computed itself."""
    found: list[int] = []
    judge = Replies._judge_opinions

    def judge_and_count(self, pending, weights, *opinions):
        found.append(len(opinions))
        judge(self, pending, weights, *opinions)

    monkeypatch.setattr(Replies, "_judge_opinions", judge_and_count)
    return found


def take_steps(audited, config, until):
    """Take the first steps again and again until something is so; return the state and all liars."""
    strategy, liars = strategy_of(config, SAMPLES), set()
    while True:
        state = TrainingState.initial(config)
        for index in range(STEPS):
            step = step_of(index, config)
            result = audited.gradient(state.parameters, step)
            liars |= {*result.liars}
            if result.liars:  # such a step is not taken
                result = audited.gradient(state.parameters, step)
                assert not result.liars
            state.apply(strategy, step, result)
        if until(state):
            return state, liars


def test_two_honest_workers_answer_twice_and_the_coordinator_computes_nothing(server, audited, config, judged):
    for name in ("one", "another"):
        FakeWorker(server, name=name).start()

    def both(state):
        assert state.parameters.sha256 == learn(alone(config), STEPS, config)[0]
        assert "coordinator" not in state.counts.workers
        return state.counts.total.duplicate >= STEPS / 2  # a window may begin with one worker

    _, liars = take_steps(audited, config, both)
    assert not liars
    assert not [number for number in judged if number > 1]


def test_of_two_that_differ_the_one_that_is_wrong_is_named(server, audited, config, judged):
    liar = FakeWorker(server, wrong_bit, "liar")
    liar.start()
    FakeWorker(server, name="honest").start()
    state, liars = take_steps(audited, config, lambda state: liar.called in audited.excluded)
    assert liars == {liar.called}
    assert audited.excluded == (liar.called,)
    assert state.parameters.sha256 == learn(alone(config), STEPS, config)[0]


def test_who_does_not_answer_to_check_others_keeps_nobody_waiting_and_no_lie(server, audited, judged, config):
    pieces = OWN if config is EXACT else 2  # the highest number that a piece's region has; checks have others

    def mute(message, record):
        """Be silent when it is asked first to check another: each silence costs a timeout."""
        return [b"nothing"] if record.region > pieces and not judged else honest(message, record)

    lazy = FakeWorker(server, mute, "mute")
    lazy.start()
    FakeWorker(server, name="honest").start()
    audited._timer.add(0.001)  # so that little time is lost
    state, liars = take_steps(audited, config, lambda state: judged)
    assert not liars
    assert state.parameters.sha256 == learn(alone(config), STEPS, config)[0]
