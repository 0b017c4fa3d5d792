"""Evaluations by workers on a real Redis: whatever happens to them, the score is that of one process."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.accounting import EpochCounts
from shared.data.parts import EVALUATED, Part
from shared.messaging.keys import SamplesKeys
from shared.messaging.records import Kind, Record
from shared.nn.score import Score
from shared.training.gradients import GradientSource, StepResult
from shared.transport.samples import download
from tests.support.fake_worker import FakeWorker, changed, honest
from tests.support.learning import CONFIG, DATA, EXACT, alone, evaluation_of, learn
from tests.support.real_session import RealSession
from tests.support.servers import Server
from tests.support.waiting import PATIENCE, wait_until
from worker import samples as worker_data

CONFIGS = [CONFIG, EXACT]


def evaluated(source: GradientSource, config: Any = CONFIG) -> tuple[list[Score], EpochCounts]:
    """Evaluate the first weights, on validation and on test samples; return the scores and what was counted."""
    scores, counts = [], EpochCounts()
    for part in EVALUATED:
        result: StepResult = source.evaluate(config.initial_parameters(), evaluation_of(part, config))
        while result.liars:  # what they took part in is evaluated again
            for liar in result.liars:
                counts.of(liar).rejected += result.counts.of(liar).rejected
            result = source.evaluate(config.initial_parameters(), evaluation_of(part, config))
        scores.append(result.score)
        counts.add(result.counts)
    counts.check(0, 0, 6500)
    return scores, counts


class Evaluator(FakeWorker):
    """Answers steps rightly, and evaluations with what `then` makes of the right message; notes what it was asked."""

    def __init__(
        self, server: Server, then: Callable[[bytes, Record], list[bytes]] = honest, name: str = "fake"
    ) -> None:
        super().__init__(server, self._note, name)
        self._then, self.asked = then, list[Record]()

    def _note(self, message: bytes, record: Record) -> list[bytes]:
        if record.kind != Kind.SCORE:
            return [message]
        self.asked.append(record)
        return self._then(message, record)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("n_workers", [1, 3])
def test_any_number_of_workers_gives_the_score_of_one_process(server, remote_gradients, config, n_workers):
    remote = remote_gradients(config=config)
    workers = [Evaluator(server, name=name) for name in "abc"[:n_workers]]
    for worker in workers:
        worker.start()
    assert learn(remote, config=config) == learn(alone(config), config=config)
    scores, counts = evaluated(remote, config)
    assert scores == evaluated(alone(config), config)[0]
    assert counts.requests == sum(len(worker.asked) for worker in workers) >= 6
    assert sum(record.samples for worker in workers for record in worker.asked) == 6500
    assert learn(remote, config=config) == learn(alone(config), config=config)  # and training goes on


@pytest.mark.parametrize("config", CONFIGS)
def test_evaluations_in_windows_of_their_own_give_the_same_scores(server, remote_gradients, config):
    remote = remote_gradients(config=config, batches_per_task=1)
    workers = [Evaluator(server, name=name) for name in "ab"]
    for worker in workers:
        worker.start()
    assert learn(remote, config=config) == learn(alone(config), config=config)
    windows = remote._window.number
    assert evaluated(remote, config)[0] == evaluated(alone(config), config)[0]
    assert remote._window.number == windows + 2
    assert {record.step for worker in workers for record in worker.asked} == {10, 11}


@pytest.mark.parametrize("config", CONFIGS)
def test_what_a_worker_leaves_unanswered_in_an_evaluation_is_requested_again(server, remote_gradients, config, caplog):
    caplog.set_level(logging.INFO, "coordinator")
    remote = remote_gradients(config=config)
    died = threading.Event()

    def die(message: bytes, record: Record) -> list[bytes]:
        died.set()
        dies._is_to_leave.set()
        return [changed(message, record, kind=Kind.REPLY, incarnation=1)]  # nothing that anyone has asked for

    dies = Evaluator(server, die, "dies")
    dies.start()
    learn(remote, config=config)
    for timer in remote._timers.values():
        timer.add(0.001)  # so that its silence is noticed soon

    comes = Evaluator(server, name="comes")

    def come() -> None:
        died.wait(60)
        dies.join()
        comes.start()

    threading.Thread(target=come, daemon=True).start()
    scores, counts = evaluated(remote, config)
    assert scores == evaluated(alone(config), config)[0]
    assert [record.kind for record in dies.asked] == [Kind.SCORE]
    assert counts.retried >= 1
    assert counts.workers[comes.called].evaluated == 6500
    assert "epoch 0's evaluation on validation samples: requesting again" in caplog.text


def test_who_has_nothing_to_evaluate_is_not_silent(server, remote_gradients, caplog):
    """There are two chunks for four workers, of which one dies."""
    caplog.set_level(logging.INFO, "coordinator")
    remote = remote_gradients(config=EXACT)
    dead: list[Evaluator] = []
    first = threading.Lock()

    def die(worker: Evaluator) -> Callable[[bytes, Record], list[bytes]]:
        def answer(message: bytes, record: Record) -> list[bytes]:
            with first:
                if dead:
                    return [message]
                dead.append(worker)
            worker._is_to_leave.set()
            return [record._replace(incarnation=1).encode()]  # nothing that anyone has asked for

        return answer

    workers = [Evaluator(server, name=name) for name in "abcd"]
    for worker in workers:
        worker._then = die(worker)
        worker.start()
    wait_until(lambda: learn(remote, 1, EXACT) and remote.n_workers == 4, "four workers")
    for timer in remote._timers.values():
        timer.add(0.001)
    parameters, step = EXACT.initial_parameters(), evaluation_of(Part.TEST, EXACT)
    result = remote.evaluate(parameters, step)
    assert result.score == alone(EXACT).evaluate(parameters, step).score
    assert len(dead) == 1
    assert result.counts.retried >= 1
    missed = {record.worker for record in caplog.records if record.getMessage().startswith("does not answer")}
    assert missed <= {dead[0].called}


@pytest.mark.parametrize(
    "fields", [{"correct": 10_000}, {"cost": -1.0}, {"cost": float("nan")}, {"samples": 5}, {"kind": Kind.REPLY}]
)
def test_a_score_that_cannot_be_right_changes_nothing(server, remote, fields):
    worker = Evaluator(server, lambda message, record: [record._replace(**fields).encode(), message])
    worker.start()
    scores, counts = evaluated(remote)
    assert scores == evaluated(alone())[0]
    assert counts.total.rejected == len(worker.asked) >= 2


def test_a_wrong_score_is_found_by_an_audit_and_its_worker_gets_no_more_work(server, remote_gradients, caplog):
    remote = remote_gradients(audit=1.0)
    liar = Evaluator(server, lambda message, record: [record._replace(correct=record.correct ^ 1).encode()], "liar")
    liar.start()
    learn(remote)

    def come() -> None:
        wait_until(lambda: liar.asked, "a request to evaluate")
        Evaluator(server, name="honest").start()

    threading.Thread(target=come, daemon=True).start()
    scores, counts = evaluated(remote)
    assert scores == evaluated(alone())[0]
    assert remote.excluded == (liar.called,)
    assert counts.workers[liar.called].rejected >= 1
    assert "its score of chunks" in caplog.text
    assert "epoch 0's evaluation on validation samples is not what the coordinator computes" in caplog.text


def test_a_score_delivered_twice_or_late_counts_once(server, remote):
    late: list[bytes] = []

    def answer(message: bytes, record: Record) -> list[bytes]:
        late.append(record._replace(step=record.step - 1).encode())
        return [late[-1], message, message]

    worker = Evaluator(server, answer)
    worker.start()
    learn(remote)
    scores, counts = evaluated(remote)
    assert scores == evaluated(alone())[0]
    assert counts.total.late >= 2
    assert counts.total.duplicate >= 1


@pytest.fixture
def without_files(server, monkeypatch, tmp_path) -> Iterator[RealSession]:
    """A worker that has no samples on its machine; to be asked for before the coordinator, which ends it."""
    monkeypatch.setenv("GRADMQ_DATA", str(tmp_path / "nowhere"))
    worker_data.forget()
    worker = RealSession(server, name="real")
    yield worker
    worker_data.forget()
    worker._is_to_leave.set()
    worker.join(PATIENCE)
    assert not worker.is_alive()


def test_a_worker_without_the_files_gets_each_part_when_it_is_needed(without_files, server, remote, caplog):
    caplog.set_level(logging.INFO, "coordinator")
    without_files.start()

    def there() -> list[Part]:
        with server.client() as client:
            return [part for part in Part if client.exists(SamplesKeys(DATA.part(part).sha256).description)]

    assert learn(remote) == learn(alone())
    assert there() == [Part.TRAINING]
    result = remote.evaluate(CONFIG.initial_parameters(), evaluation_of(Part.TEST))
    assert there() == [Part.TRAINING, Part.TEST]
    assert remote._timers[remote._evaluations[Part.TEST]].mean is None  # the time that fetching them took tells nothing
    assert result.score == alone().evaluate(CONFIG.initial_parameters(), evaluation_of(Part.TEST)).score
    assert evaluated(remote)[0] == evaluated(alone())[0]
    assert there() == [*Part]
    with server.client() as client:
        assert download(client, DATA.test.sha256) is not None
    for part in Part:
        assert caplog.text.count(f"the {part} samples are in Redis now") == 1


def test_a_worker_that_waits_for_samples_holds_nobody_up(without_files, server, remote, monkeypatch):
    """They never come."""
    uploads: list[Part] = []

    def upload(client: Any, samples: Any) -> bool:
        uploads.append(next(part for part in Part if DATA.part(part) is samples))
        return False

    helper = Evaluator(server, name="helper")

    def come() -> None:
        wait_until(lambda: Part.TEST in uploads, "a worker without test samples")
        helper.start()

    without_files.start()
    learn(remote)
    monkeypatch.setattr("coordinator.gradients.remote.upload", upload)
    threading.Thread(target=come, daemon=True).start()
    for timer in remote._timers.values():
        timer.add(0.001)
    parameters, step = CONFIG.initial_parameters(), evaluation_of(Part.TEST)
    result = remote.evaluate(parameters, step)
    assert result.score == alone().evaluate(parameters, step).score
    assert result.counts.workers[helper.called].evaluated == 2000
    with server.client() as client:
        assert not client.exists(SamplesKeys(DATA.test.sha256).description)
