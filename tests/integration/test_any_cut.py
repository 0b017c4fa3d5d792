"""Exact steps are cut by who is there, on a real Redis; whoever leaves, dawdles or comes late, the sum is the same."""

import logging
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest
import redis

from coordinator.workers.cuts import Piece, pieces_by_share
from shared.messaging.keys import Keys
from shared.messaging.lease import Lease
from shared.messaging.records import OWN, Kind, Record
from shared.training.state import TrainingState
from tests.support.fake_worker import FakeWorker, honest
from tests.support.learning import EXACT, alone, learn, step_of
from tests.support.servers import Server
from tests.support.waiting import wait_until

STEPS = 10
LATE = 5  # the step in which something is late


class Worker(FakeWorker):
    """Notes what it was requested to compute."""

    def __init__(self, server: Server, name: str, answer: Callable[[bytes, Record], list[bytes]] = honest) -> None:
        super().__init__(server, self._note, name)
        self._then, self.asked = answer, list[Record]()

    def _note(self, message: bytes, record: Record) -> list[bytes]:
        self.asked.append(record)
        return self._then(message, record)

    def pieces(self, step: int) -> list[tuple[int, int]]:
        return [(record.first, record.stop) for record in self.asked if record.step == step]


def start(*workers: Worker) -> None:
    for worker in workers:
        worker.start()


def joined(remote: Any, count: int) -> None:
    """Take the run's first step until so many workers take part."""
    wait_until(lambda: _took_one(remote) and remote.n_workers == count, f"{count} workers")


def _took_one(remote: Any) -> bool:
    remote.gradient(EXACT.initial_parameters(), step_of(0, EXACT))
    return True


@pytest.fixture
def remote(remote_gradients: Callable[..., Any]) -> Any:
    return remote_gradients(config=EXACT)


@pytest.mark.parametrize("n_workers", [1, 2, 5, 6])
def test_each_worker_gets_a_piece_and_the_sum_is_that_of_one_process(server, remote, n_workers):
    workers = [Worker(server, name) for name in "abcdef"[:n_workers]]
    start(*workers)
    joined(remote, n_workers)
    state = TrainingState.initial(EXACT)
    assert learn(remote, STEPS, EXACT, state) == learn(alone(EXACT), STEPS, EXACT)
    state.counts.check(0, 60)
    pieces = [worker.pieces(9)[-1] for worker in workers]  # in the order of their names
    assert [first for first, _ in pieces] == [0, *(stop for _, stop in pieces[:-1])]
    assert pieces[-1][1] == 6
    if n_workers > 1:
        assert all(record.region == OWN for worker in workers for record in worker.asked if record.step == 9)
        assert state.counts.requests > STEPS


def test_more_workers_than_samples_take_turns(server, remote):
    workers = [Worker(server, f"worker{number}") for number in range(9)]
    start(*workers)
    assert learn(remote, STEPS, EXACT) == learn(alone(EXACT), STEPS, EXACT)
    assert {record.stop - record.first for worker in workers for record in worker.asked} >= {1}


def test_with_new_windows_all_the_time_pieces_go_to_whoever_comes_again(server, remote_gradients):
    remote = remote_gradients(config=EXACT, batches_per_task=2)
    workers = [Worker(server, name) for name in "ab"]
    start(*workers)
    joined(remote, 2)
    for worker in workers:
        worker.asked.clear()
    assert learn(remote, STEPS, EXACT) == learn(alone(EXACT), STEPS, EXACT)
    # At a window's first step too: it waits for them.
    assert [len(worker.pieces(step)) for worker in workers for step in range(1, STEPS)] == [1] * 2 * (STEPS - 1)


class Leaver(Worker):
    """Gives its lease up once, in the step LATE, instead of answering; what it was asked for stays unanswered."""

    left = False

    def _note(self, message: bytes, record: Record) -> list[bytes]:
        if record.step != LATE or self.left:
            return super()._note(message, record)
        self.left = True
        self._is_to_leave.set()
        return [Record(Kind.LEAVING, record.incarnation, number=record.number).encode()]


def test_what_a_worker_that_leaves_was_asked_for_goes_to_others_at_once(server, remote, caplog):
    stays, leaves = Worker(server, "stays"), Leaver(server, "leaves")
    start(stays, leaves)
    joined(remote, 2)
    state = TrainingState.initial(EXACT)
    assert learn(remote, STEPS, EXACT, state) == learn(alone(EXACT), STEPS, EXACT)
    assert leaves.left
    assert sorted(stays.pieces(LATE)) == [(0, 3), (3, 6)]
    assert state.counts.retried == 1
    assert "requesting again" not in caplog.text  # nothing was late
    state.counts.check(0, 60)


class Silent(Worker):
    """Says nothing any more from the step LATE on, and holds its lease."""

    def _serve(self, client: redis.Redis, lease: Lease) -> None:
        self.own = Keys(lease.run, lease.incarnation).own_requests(lease.window, lease.number)
        super()._serve(client, lease)

    def _note(self, message: bytes, record: Record) -> list[bytes]:
        if record.step != LATE:
            return super()._note(message, record)
        self._is_to_leave.set()
        return [Record(Kind.REPLY, 1).encode()]  # somebody else's


def test_late_pieces_are_asked_again_in_smaller_ones(server, remote):
    remote._timer.add(0.001)  # so that a third of a second counts as late
    lively, silent = [Worker(server, name) for name in "abc"], Silent(server, "silent")
    start(*lively, silent)
    joined(remote, 4)
    state = TrainingState.initial(EXACT)
    assert learn(remote, STEPS, EXACT, state) == learn(alone(EXACT), STEPS, EXACT)
    again = [record for worker in lively for record in worker.asked if record.step == LATE and record.region != OWN]
    assert len(again) >= 1
    assert {record.stop - record.first for record in again} == {1}
    assert state.counts.retried >= len(again)
    assert state.counts.workers["unknown"].rejected == 1
    state.counts.check(0, 60)


def not_answering(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.worker for record in caplog.records if record.getMessage().startswith("does not answer")]


def asked_are(remote: Any, n_workers: int) -> None:
    """Have so many workers, the first by name, share the step LATE, and the others have nothing to do."""
    cut, cuts = remote._workforce.cut, count()

    def cut_for_some(n_units: int) -> Sequence[Piece]:
        if next(cuts) != LATE:
            return cut(n_units)
        leases = [lease for _, lease in sorted(remote._workforce.leases.holders)][:n_workers]
        return [*pieces_by_share(leases, [n_units // n_workers] * n_workers)]

    remote._workforce.cut = cut_for_some


def test_who_has_nothing_to_do_is_not_silent(server, remote, caplog):
    """One of two that share a step dies; the others had nothing to do, or are done."""
    caplog.set_level(logging.INFO, "coordinator")
    remote._timer.add(0.001)
    dead, others = Silent(server, "a"), [Worker(server, name) for name in "bcd"]
    start(dead, *others)
    joined(remote, 4)
    asked_are(remote, 2)
    state = TrainingState.initial(EXACT)
    assert learn(remote, STEPS, EXACT, state) == learn(alone(EXACT), STEPS, EXACT)
    assert not_answering(caplog) == [dead.called]
    state.counts.check(0, 60)


def test_while_requests_wait_for_anyone_whoever_is_not_heard_of_is_silent(server, remote_gradients, caplog):
    """One dies before it answers, one after: then nobody takes what is requested again, and others get their leases."""
    caplog.set_level(logging.INFO, "coordinator")
    remote = remote_gradients(config=EXACT, workers=2)
    remote._timer.add(0.001)
    dies = Worker(server, "b")
    silent = Silent(server, "a")
    start(silent, dies)
    joined(remote, 2)

    def leave(message: bytes, record: Record) -> list[bytes]:
        if record.step == LATE:
            dies._is_to_leave.set()
        return [message]

    dies._then = leave

    def come() -> None:
        wait_until(lambda: "no worker is there" in caplog.text, "a word of being alone")
        Worker(server, "c").start()

    threading.Thread(target=come, daemon=True).start()
    assert learn(remote, STEPS, EXACT) == learn(alone(EXACT), STEPS, EXACT)
    assert sorted(not_answering(caplog)) == [silent.called, dies.called]


class Sleeper(Worker):
    """Answers what it is asked for in the step LATE only when it is woken up."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(server, name)
        self.wake_up, self.sleeps, self.answered = threading.Event(), threading.Event(), threading.Event()

    def _note(self, message: bytes, record: Record) -> list[bytes]:
        if record.step == LATE and not self.sleeps.is_set():
            self.sleeps.set()
            self.wake_up.wait(60)
        return super()._note(message, record)


def test_if_the_original_comes_before_its_parts_it_counts_and_they_are_withdrawn(server, remote, caplog):
    """Both workers are late: what they were asked for is asked of anyone, in parts that nobody is free to take."""
    remote._timer.add(0.001)
    remote._workforce.leases.renew_silent = lambda *what: []  # as if both had just been heard of
    withdrawn: list[bytes] = []
    withdraw = remote._lists.withdraw

    def note_then(pending: Any) -> None:
        withdrawn.extend(pending.withdrawn)
        withdraw(pending)

    remote._lists.withdraw = note_then
    sleepers = [Sleeper(server, name) for name in "ab"]
    start(*sleepers)
    joined(remote, 2)

    def wake_up() -> None:
        wait_until(lambda: remote._timer._doublings == 2, "two timeouts")
        for sleeper in sleepers:
            sleeper.wake_up.set()

    threading.Thread(target=wake_up, daemon=True).start()
    state = TrainingState.initial(EXACT)
    assert learn(remote, STEPS, EXACT, state) == learn(alone(EXACT), STEPS, EXACT)
    assert all(sleeper.sleeps.is_set() for sleeper in sleepers)
    # Both pieces, once: what is requested of anyone waits for somebody who is free, and is not late.
    assert [record.getMessage() for record in caplog.records] == ["step 5: requesting again 2 of its gradients"]
    parts = {(record.first, record.stop) for record in map(Record.decode, withdrawn)}
    assert parts >= {(0, 1), (1, 3)} or parts >= {(3, 4), (4, 6)}  # of the original that came first
    assert state.counts.retried == 4
    state.counts.check(0, 60)


def test_if_the_original_comes_after_its_parts_it_is_a_duplicate(server, remote):
    remote._timer.add(0.001)
    sleeper, lively = Sleeper(server, "sleeper"), Worker(server, "lively")
    start(sleeper, lively)
    joined(remote, 2)
    # The first part is answered; before the last is, the original comes.
    parts: list[Record] = []

    def last_part_waits(message: bytes, record: Record) -> list[bytes]:
        if record.step == LATE and record.region != OWN:
            parts.append(record)
            if record.stop - record.first < 3 and len(parts) == 2:
                sleeper.wake_up.set()
                wait_until(lambda: sleeper.asked and sleeper.asked[-1].step == LATE, "the original")
                with server.client() as client:
                    wait_until(lambda: not client.llen(remote._keys.replies), "the original to be judged")
        return [message]

    lively._then = last_part_waits
    state = TrainingState.initial(EXACT)
    # Both hold leases, and both are alive for all that is known: each late piece in two parts.
    remote._workforce.leases.renew_silent = lambda *what: []
    assert learn(remote, STEPS, EXACT, state) == learn(alone(EXACT), STEPS, EXACT)
    assert [record.stop - record.first for record in parts[:2]] == [1, 2]
    counts = state.counts.workers[sleeper.called]
    assert counts.duplicate + counts.late >= 1
    state.counts.check(0, 60)


def test_through_a_redis_that_is_emptied_pieces_are_sent_again(server, remote):
    workers = [Worker(server, name) for name in "ab"]
    start(*workers)
    joined(remote, 2)
    whole = remote._publish
    flushed: list[int] = []

    def flush_then(pending: Any) -> None:
        whole(pending)
        if pending.step.number == LATE and not flushed:
            flushed.append(LATE)
            with server.client() as client:
                client.flushall()

    remote._publish = flush_then
    state = TrainingState.initial(EXACT)
    assert learn(remote, STEPS, EXACT, state) == learn(alone(EXACT), STEPS, EXACT)
    assert flushed
    state.counts.check(0, 60)


def test_all_keys_of_an_exact_run_expire(server, remote):
    workers = [Worker(server, name) for name in "ab"]
    start(*workers)
    joined(remote, 2)
    learn(remote, STEPS, EXACT)
    for worker in workers:
        worker.leave()
    with server.client() as client:
        assert [key for key in client.keys("gradmq:test:*") if client.ttl(key) < 0] == []


def test_a_run_that_is_over_leaves_no_list_of_a_single_worker(server, remote_gradients):
    remote = remote_gradients(config=EXACT, batches_per_task=2)
    workers = [Worker(server, name) for name in "ab"]
    start(*workers)
    joined(remote, 2)
    learn(remote, STEPS, EXACT)
    remote.close()
    for worker in workers:
        worker.leave()
    with server.client() as client:
        assert client.keys("gradmq:test:*:requests:*:*") == []


def test_a_small_share_is_all_that_a_slow_worker_gets(server, remote):
    """The gradients of one take thirty times as long, and the cut follows; steps go on until it has."""
    slow_down = threading.Event()

    def dawdle(message: bytes, record: Record) -> list[bytes]:
        slow_down.wait(0.01 * (record.stop - record.first))
        return [message]

    workers = [Worker(server, "fast"), Worker(server, "slow", dawdle)]
    start(*workers)
    joined(remote, 2)
    expected = learn(alone(EXACT), STEPS, EXACT)

    def learned_unevenly() -> bool:
        assert learn(remote, STEPS, EXACT) == expected
        slow, fast = workers[1].asked[-1], workers[0].asked[-1]
        return slow.stop - slow.first < fast.stop - fast.first

    wait_until(learned_unevenly, "an uneven cut")
