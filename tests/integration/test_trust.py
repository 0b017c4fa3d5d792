"""A bad worker cannot spoil a run: what is wrong is found, named and computed again; who is wrong gets no more work."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from coordinator.gradients.in_process import InProcessGradients
from coordinator.reporting.progress_bar import Progress
from coordinator.runs.run import Run
from coordinator.training.loop import train
from coordinator.training.state import State
from coordinator.workers.stragglers import Bench
from shared.config import TrainConfig
from shared.data.dataset import Dataset, load_dataset
from shared.errors import DivergedError, LedgerError
from shared.messaging.records import RECORD_BYTES, Record
from tests.conftest import job, metrics, start_worker
from tests.integration.test_replies import CONFIG, BadWorker, alone, changed, gradients_on, learn


def wrong_bit(message: bytes, record: Record) -> list[bytes]:
    """The reply with the lowest bit of its first number changed."""
    return [message[:RECORD_BYTES] + bytes([message[RECORD_BYTES] ^ 1]) + message[RECORD_BYTES + 1 :]]


def not_finite(message: bytes, record: Record) -> list[bytes]:
    gradient = np.frombuffer(message[RECORD_BYTES:], np.float32).copy()
    gradient[3] = np.nan
    return [message[:RECORD_BYTES] + gradient.tobytes()]


@pytest.mark.parametrize(("answer", "audit"), [(wrong_bit, 1.0), (not_finite, 0.0)])
def test_a_worker_whose_gradient_is_wrong_is_named_and_gets_no_more_work(server, caplog, answer, audit):
    state = State.initial(CONFIG)
    exchange = gradients_on(server, audit=audit, state=state)
    liar = BadWorker(server, answer, "liar")
    liar.start()
    threading.Timer(1, BadWorker(server, lambda message, record: [message], "honest").start).start()
    assert learn(exchange.gradient) == learn(alone())
    assert state.excluded == ["liar"]
    (line,) = [record for record in caplog.records if "gets no more work" in record.getMessage()]
    assert line.worker == "liar"
    assert "is not what the coordinator computes" in line.getMessage()
    counts = state.ledger.counts.workers
    assert counts["liar"].rejected >= 1
    exchange.close()


def test_a_worker_that_only_talks_nonsense_gets_no_more_work(server):
    state = State.initial(CONFIG)
    exchange = gradients_on(server, state=state)
    exchange._timer.add(0.001)  # so that it is asked again soon
    BadWorker(server, lambda message, record: [message[:-4]], "liar").start()
    threading.Timer(1, BadWorker(server, lambda message, record: [message], "honest").start).start()
    assert learn(exchange.gradient) == learn(alone())
    assert state.excluded == ["liar"]
    exchange.close()


def test_an_audit_of_honest_workers_finds_nothing(gradmq, small_data, fingerprints):
    program = gradmq(*job(small_data, workers=2, audit=1.0))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)
    assert "gets no more work" not in program.text()
    assert {name for line in metrics(program) for name in line["ledger"]["workers"]}.isdisjoint({"coordinator"})


FOREIGN_WORKER = """
import sys
import shared.messaging.records
shared.messaging.records.VERSION = 99
from celery.__main__ import main
sys.argv = ["celery", *sys.argv[1:]]
main()
"""


@pytest.fixture
def foreign_worker(server, tmp_path) -> Iterator[Path]:
    """A worker that speaks another version; its log."""
    command = [sys.executable, "-c", FOREIGN_WORKER, "-A", "worker", "worker", "-n", "foreign@%h", "--loglevel", "INFO"]
    log = tmp_path / "log"
    environment = {**os.environ, "GRADMQ_REDIS_URL": server.url}
    with log.open("wb") as file:
        worker = subprocess.Popen(command, env=environment, stdout=file, stderr=file, cwd=Path(__file__).parents[2])
    yield log
    worker.terminate()
    worker.wait(20)


def test_a_worker_of_another_version_is_refused_with_a_clear_line_on_both_sides(
    gradmq, small_data, server, fingerprints, foreign_worker
):
    program = gradmq(*job(small_data, redis=server.url))
    program.wait_for("it speaks version 99 of GradMQ's messages, this coordinator")
    assert re.search(r"worker=foreign@\S+ it speaks version 99", program.text())
    assert "install the same GradMQ on both sides" in foreign_worker.read_text()
    start_worker(gradmq, server, "ours")
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)


def test_a_straggler_pauses_and_changes_nothing(gradmq, small_data, fingerprints):
    epochs = 400
    program = gradmq(*job(small_data, epochs, workers=2))
    program.wait_for("Epoch 1:")
    over = threading.Event()
    # The computing process: it runs for a millisecond of each fifteen.
    (slow,) = [process for process in program.descendants("worker1@") if not process.children()]

    def slow_down() -> None:
        while not over.is_set() and "it pauses for" not in program.text():
            slow.suspend()
            time.sleep(0.014)
            slow.resume()
            time.sleep(0.001)

    brake = threading.Thread(target=slow_down)
    brake.start()
    try:
        program.wait_for("times as long as the others; it pauses for 10 s")
        assert re.search(r"worker=worker1@\S+ takes [\d.]+ times as long", program.text())
        assert program.end() == 0, program.text()
    finally:
        over.set()
        brake.join()
    assert metrics(program)[-1]["weights_sha256"] == fingerprints(epochs)[-1]


def reply(bench: Bench, **seconds: list[float]) -> None:
    """Have each worker reply with these latencies, a tenth of a second apart, from now on."""
    for worker, latencies in seconds.items():
        for number, latency in enumerate(latencies):
            bench.good(worker, latency, time.monotonic() + number / 10)


def test_a_pause_ends_when_nobody_else_is_there(server):
    exchange = gradients_on(server)
    reply(exchange._bench, fast=[0.001] * 15, slow=[1.0] * 15)
    exchange._bench.look(["fast", "slow"])
    assert "slow" in exchange._bench
    BadWorker(server, lambda message, record: [message], "slow").start()
    assert learn(exchange.gradient) == learn(alone())
    assert "slow" not in exchange._bench
    exchange.close()


def test_who_rescues_a_lost_request_is_not_taken_for_slow(server):
    exchange = gradients_on(server)
    exchange._timer.add(0.001)
    forgotten: list[Record] = []

    def forget(message: bytes, record: Record) -> list[bytes]:
        if record.step in (2, 5, 8) and record.step not in [other.step for other in forgotten]:
            forgotten.append(record)
            return [changed(message, record, step=1)]  # which is late, and no answer
        return [message]

    BadWorker(server, forget, "worker").start()
    assert learn(exchange.gradient) == learn(alone())
    assert len(forgotten) == 3
    assert max(exchange._bench._times["worker"]) < 0.1  # seconds; each rescue took three times as long
    exchange.close()


def test_who_is_benched_and_for_how_long():
    bench = Bench([])
    reply(bench, fast=[0.0001] * 15, sleepy=[0.0009] * 15)
    bench.look(["fast", "sleepy"])
    assert not bench.changed  # that much is nothing
    reply(bench, fast=[0.001] * 15, slow=[0.010] * 14)
    bench.look(["fast", "slow"])
    assert not bench.changed  # it is too early to tell
    for _ in range(20):
        bench.good("slow", 0.010, time.monotonic() + 1.3)
    bench.look(["fast", "slow"])
    assert not bench.changed  # as before, because these came at once
    bench.good("slow", 0.010, time.monotonic() + 1.5)
    bench.look(["fast"])
    assert not bench.changed  # nobody else is there to do better
    bench.look(["fast", "slow"])
    assert bench.changed
    assert bench.take_names() == ["slow"]
    assert not bench.is_excluded("slow")
    reply(bench, fast=[0.5] * 7, steady=[0.001] * 15)  # held up for a while, as happens on a busy machine
    bench.look(["fast", "steady"])
    assert not bench.changed
    for _ in range(2):
        bench.bad("liar", "nonsense")
    bench.good("liar", 0.001, time.monotonic())
    for _ in range(2):
        bench.bad("liar", "nonsense")
    assert "liar" not in bench
    bench.bad("liar", "nonsense")
    assert bench.take_names() == ["liar", "slow"]
    assert bench.is_excluded("liar")


class Poisoned(InProcessGradients):
    """Gradients that are right up to a step of an epoch."""

    def __init__(self, *arguments, step: tuple[int, int], poison: float) -> None:
        super().__init__(*arguments)
        self._step, self._poison = step, poison

    def gradient(self, parameters, epoch, batch, rows):
        gradient, n_samples = super().gradient(parameters, epoch, batch, rows)
        if (epoch, batch) == self._step:
            gradient[5] = self._poison
        return gradient, n_samples


@pytest.fixture
def run_of(small_data, tmp_path) -> Iterator[Callable[..., tuple[Run, Dataset, State]]]:
    runs = []

    def make(eta: float = 3.0) -> tuple[Run, Dataset, State]:
        data = load_dataset(small_data)
        config = TrainConfig((196, 12, 10), epochs=4, mini_batch_size=10, eta=eta, seed=0, shards=2, dtype="float32")
        run = Run.create(tmp_path / "runs", config, small_data, data)
        runs.append(run)
        state = State.initial(config)
        run.begin(state)
        return run, data, state

    yield make
    for run in runs:
        run.close()


@pytest.mark.parametrize(("poison", "eta", "at"), [(np.nan, 3.0, 17), (np.inf, 3.0, 17), (3e38, 300.0, 18)])
def test_numbers_that_are_not_finite_stop_the_run_at_their_step(run_of, poison, eta, at):
    run, data, state = run_of(eta)
    source = Poisoned(run.config, data.training, state.ledger, step=(2, 17), poison=poison)
    with np.errstate(all="ignore"), Progress(1000, 100, 4) as progress, pytest.raises(DivergedError) as error:
        train(run, data, source, state, progress)
    assert f"the gradient at step {at} of epoch 2; give less than --eta {eta:g}, or --dtype float64" in str(error.value)
    run.close()
    kept = run.state(100)
    assert (kept.epoch, kept.batch) == (2, 0)
    assert kept.parameters.sha256 == run.metrics[1].weights_sha256


class Forgetful(InProcessGradients):
    """Counts one sample too few in one step."""

    def gradient(self, parameters, epoch, batch, rows):
        gradient, n_samples = super().gradient(parameters, epoch, batch, rows)
        if (epoch, batch) == (1, 17):
            self._ledger.asked(1)
            self._ledger.answered("worker", n_samples - 1)
        return gradient, n_samples


def test_an_epoch_whose_books_do_not_come_out_is_not_closed(run_of):
    run, data, state = run_of()
    with Progress(1000, 100, 4) as progress, pytest.raises(LedgerError, match="999 of 1000 samples applied"):
        train(run, data, Forgetful(run.config, data.training, state.ledger), state, progress)
    assert [line["epoch"] for line in map(json.loads, (run.folder / "metrics.jsonl").read_text().splitlines())] == [0]


def test_a_run_that_excluded_a_worker_still_does_after_resume(server):
    state = State.initial(CONFIG)
    state.excluded.append("liar")
    exchange = gradients_on(server, state=state)
    liar = BadWorker(server, wrong_bit, "liar")
    liar.start()
    BadWorker(server, lambda message, record: [message], "honest").start()
    assert learn(exchange.gradient) == learn(alone())
    assert liar.requests == 0
    exchange.close()
