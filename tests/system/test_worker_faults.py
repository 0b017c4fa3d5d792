"""Workers that die, stop or dawdle change nothing."""

import re
import signal
import threading
import time

import psutil

from tests.support.processes import wait_for_the_end_of
from tests.support.program import EPOCHS, job, metrics, start_worker


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


def test_a_straggler_pauses_and_changes_nothing(gradmq, small_data, fingerprints):
    epochs = 400
    program = gradmq(*job(small_data, epochs, workers=2))
    program.wait_for("Epoch 1:")
    over = threading.Event()
    # The computing process: it runs for a millisecond of each fifteen.
    (slow,) = program.computing("worker1@")

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
