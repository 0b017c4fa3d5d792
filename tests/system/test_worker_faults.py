"""Workers that die, stop or dawdle change nothing."""

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from tests.support.processes import wait_for_the_end_of
from tests.support.program import EPOCHS, Program, job, metrics, start_worker


def test_a_worker_killed_in_mid_run_changes_nothing(gradmq, small_data, long_fingerprint):
    program = gradmq(*job(small_data, EPOCHS, workers=2))
    program.wait_for("Epoch 1:")
    for process in program.descendants("worker1@"):
        process.kill()
    assert program.end() == 0, program.text()
    assert "worker1 has ended (exit code -9); starting it again" in program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint


def test_the_only_workers_computing_process_killed_in_mid_run_changes_nothing(gradmq, small_data, long_fingerprint):
    program = gradmq(*job(small_data, EPOCHS, workers=1))
    program.wait_for("Epoch 1:")
    (child,) = program.computing("worker1@")
    main = psutil.Process(child.ppid())
    child.kill()
    wait_for_the_end_of([child])
    program.wait_until(main.children, "another computing process of the worker")
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint


def test_a_stopped_worker_is_not_waited_for(gradmq, small_data, long_fingerprint):
    program = gradmq(*job(small_data, EPOCHS, workers=2))
    program.wait_for("Epoch 1:")
    stopped = program.descendants("worker1@")
    for process in stopped:
        process.suspend()
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    assert metrics(program)[-1]["workers"] == 1


def test_a_killed_guard_leaves_nothing_either(gradmq, small_data):
    program = gradmq(*job(small_data, EPOCHS, workers=1))
    program.wait_for("Epoch 1:")
    everyone = program.descendants()
    (watchdog,) = program.descendants("watchdog.py")
    watchdog.kill()
    assert program.end() == 0, program.text()
    wait_for_the_end_of(everyone)


def test_a_worker_killed_with_9_leaves_nothing_in_the_temporary_folder(gradmq, server, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    worker = start_worker(gradmq, server, "only", TMPDIR=str(folder))
    worker.wait_for(" ready.")
    everyone = worker.descendants()
    worker.process.kill()
    assert worker.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)
    assert list(folder.iterdir()) == []


@contextmanager
def braked(program: Program, worker: str) -> Iterator[None]:
    """Have a worker's computing process run for a few milliseconds of each fifteen, for the time of the block."""
    over = threading.Event()
    (slow,) = program.wait_until(lambda: program.computing(worker), f"a process of {worker} that computes")

    def slow_down() -> None:
        with suppress(psutil.NoSuchProcess):  # the program may end first
            while not over.is_set():
                slow.suspend()
                time.sleep(0.012)
                slow.resume()
                time.sleep(0.003)

    brake = threading.Thread(target=slow_down)
    brake.start()
    try:
        yield
    finally:
        over.set()
        brake.join()


ENDLESS = 100_000  # epochs, of which nobody awaits the last


def stop(program: Program) -> None:
    """Stop a run that is in the middle of it, as people do."""
    program.process.send_signal(signal.SIGINT)
    assert program.end() == 130, program.text()


def assert_right_so_far(program: Program, fingerprints: Callable[..., list[str]], **options: object) -> None:
    """All epochs that were recorded have the fingerprints of the undisturbed run."""
    recorded = [line["weights_sha256"] for line in metrics(program)]
    assert recorded == fingerprints(len(recorded), **options)


def test_a_straggler_pauses_and_changes_nothing(gradmq, small_data, fingerprints):
    native = {"arithmetic": "native", "shards": 2}
    program = gradmq(*job(small_data, ENDLESS, workers=2, **native))
    program.wait_for("(2 workers now)")
    with braked(program, "worker1@"):
        program.wait_for("it pauses for 10 s")
    assert re.search(r"worker=worker1@\S+ takes [\d.]+ times as long", program.text())
    program.wait_for("Epoch 0:")  # which a slow machine may not have reached yet
    stop(program)
    assert_right_so_far(program, fingerprints, **native)


def test_a_slow_worker_gets_fewer_samples_and_changes_nothing(gradmq, small_data, fingerprints):
    """In exact runs nobody need pause: the step is cut by speed."""
    size = {"mini_batch_size": 250}
    program = gradmq(*job(small_data, ENDLESS, workers=2, **size))
    program.wait_for("(2 workers now)")

    def got_less() -> bool:
        """Tell whether, in the latest epoch, worker1 had at most half as many samples as the other."""
        if not any(program.output.parent.glob("runs/*/metrics.jsonl")) or not metrics(program):
            return False
        samples = {
            name.split("@")[0]: its["samples"] for name, its in metrics(program)[-1]["ledger"]["workers"].items()
        }
        return 2 * samples.get("worker1", 0) <= samples.get("worker2", 0)

    with braked(program, "worker1@"):
        program.wait_until(got_less, "an epoch in which the slow worker got fewer samples")
    stop(program)
    assert_right_so_far(program, fingerprints, **size)
    for line in metrics(program):  # every sample counted once, whoever had it
        assert sum(its["samples"] for its in line["ledger"]["workers"].values()) == line["samples"] == 1000
