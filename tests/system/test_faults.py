"""The program as a user runs it: real Celery workers, a real Redis, real faults, and always the same bits."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import psutil
import pytest

from coordinator.runs.model_file import load_model
from shared import Network, load_data_wrapper
from shared.messaging.addresses import LEASE_KEYS
from shared.messaging.records import LEASE_TASK
from tests.conftest import EPOCHS, SESSION, free_port, job, metrics, model, start_worker, survivors


@pytest.mark.parametrize(
    ("workers", "options"),
    [
        (1, {}),
        (2, {}),
        (4, {"shards": 4}),
        (2, {"dtype": "float64", "mini_batch_size": 7, "shards": 3, "seed": 9}),
        (2, {"mini_batch_size": 3, "shards": 8}),
        (2, {"batches_per_task": 1, "mini_batch_size": 100}),
    ],
)
def test_any_number_of_workers_gives_the_bits_of_one_process(gradmq, small_data, fingerprints, workers, options):
    program = gradmq(*job(small_data, workers=workers, **options))
    assert program.end() == 0, program.text()
    alone = {name: value for name, value in options.items() if name != "batches_per_task"}
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2, **alone)
    size = options.get("mini_batch_size", 10)
    for epoch, line in enumerate(metrics(program)):
        assert line["epoch"] == epoch
        assert line["samples"] == 1000
        assert line["steps"] == -(-1000 // size)
        assert 1 <= line["workers"] <= workers
        assert line["accuracy"] == line["correct"] / line["n_test"]
        assert f"Epoch {epoch}: accuracy is {line['correct']}/200" in program.text()


def test_the_reference_is_the_networks_own_sgd(small_data, fingerprints):
    training, _, _ = load_data_wrapper(small_data)
    net = Network([196, 12, 10], dtype=np.float32, seed=0)
    net.SGD(training, 2, 10, 3.0, seed=0)
    assert net.parameters.sha256 == fingerprints(2)[-1]


def test_a_runs_folder_holds_what_was_promised(gradmq, small_data):
    program = gradmq(*job(small_data, workers=0))
    assert program.end() == 0, program.text()
    folder = model(program).parent
    config = json.loads((folder / "config.json").read_text())
    assert config["sizes"] == [196, 12, 10]
    assert config["shards"] == 2
    assert load_model(folder / "model.npz").sha256 == metrics(program)[-1]["weights_sha256"]
    evaluated = gradmq("evaluate", folder / "model.npz", "--data", small_data)
    assert evaluated.end() == 0
    assert evaluated.text() == f"accuracy is {metrics(program)[-1]['correct']}/200\n"
    shown = gradmq("show", folder)
    assert shown.end() == 0
    assert "Number of neurons in a layer 1 : 12" in shown.text()
    assert metrics(program)[-1]["weights_sha256"] in shown.text()


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
    (child,) = [process for process in program.descendants("worker1@") if not process.children()]
    main = psutil.Process(child.ppid())
    child.kill()
    assert not survivors([child], 5)
    while not main.children():  # until Celery has noticed
        time.sleep(0.1)
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint


def test_the_embedded_redis_killed_in_mid_run_changes_nothing(gradmq, small_data, long_fingerprint):
    program = gradmq(*job(small_data, EPOCHS, workers=2))
    program.wait_for("Epoch 1:")
    (server,) = program.descendants("redis.sock")
    server.kill()
    assert program.end() == 0, program.text()
    assert "redis has ended (exit code -9); starting it again" in program.text()
    assert "all is there again" in program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint


def test_nothing_survives_a_coordinator_killed_with_9(gradmq, small_data):
    program = gradmq(*job(small_data, 10_000, workers=2))
    program.wait_for("Epoch 0:")
    # The watchdog, Redis, and two processes a worker, of which the second may still be on its way.
    while len(everyone := program.descendants()) < 6:
        time.sleep(0.05)
    os.kill(program.process.pid, signal.SIGKILL)
    assert program.end() == -signal.SIGKILL
    assert not survivors(everyone, 5)
    assert load_model(model(program)).sizes == (196, 12, 10)


MOMENTS = ["", "run ", "Epoch 0:", "Epoch 3:", "Epoch 9:"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_stops_at_once_at_any_moment_and_keeps_the_model(gradmq, small_data, moment):
    program = gradmq(*job(small_data, 10_000, workers=2))
    if moment:
        program.wait_for(moment)
    else:  # in the middle of the imports
        while not any("numpy" in library.path for library in program.group.memory_maps()):
            time.sleep(0.01)
    everyone = program.descendants()
    pressed = time.monotonic()
    os.killpg(program.process.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
    assert program.end(10) == 130, program.text()
    assert time.monotonic() - pressed < 3
    assert "Traceback" not in program.text()
    assert not survivors(everyone, 1)
    if "Epoch" in moment:
        assert "the model so far is" in program.text()
        assert load_model(model(program)).sizes == (196, 12, 10)


def test_a_signal_that_python_would_forget_stops_all_the_same():
    program = """if True:
        import os, signal, sys, time, weakref
        from coordinator.signals import Stopped, stop_on_signals

        stop_on_signals()
        try:
            thing = set()
            reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
            del thing  # nobody can catch what its callback raises
            print("forgotten")
            time.sleep(10)
        except Stopped as stopped:
            print(stopped.signal_number)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("forgotten\n15\n", "")


def test_sigterm_stops_like_ctrl_c(gradmq, small_data):
    program = gradmq(*job(small_data, 10_000, workers=1))
    program.wait_for("Epoch 0:")
    program.process.terminate()
    assert program.end(10) == 143
    assert load_model(model(program)).sizes == (196, 12, 10)


def test_a_coordinator_waits_for_workers_and_they_need_only_the_address(
    gradmq, small_data, server, long_fingerprint, tmp_path
):
    program = gradmq(*job(small_data, EPOCHS, redis=server.tcp_url))
    program.wait_for("no worker is there; waiting for one")
    # A worker has the whole MNIST at most, so these samples must come to it through Redis.
    worker = start_worker(gradmq, server, "newcomer", GRADMQ_DATA=str(tmp_path / "nowhere"))
    program.wait_for("all is there again; going on")
    program.wait_for("Epoch 2:")

    worker.process.terminate()
    assert worker.end(20) == 0, worker.text()
    program.wait_for("no worker is there; waiting for one", times=2)
    start_worker(gradmq, server, "second", GRADMQ_DATA=str(small_data))
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    assert server.password not in program.text() + worker.text()


def test_seats_that_got_lost_on_the_way_are_given_out_again(gradmq, small_data, server, fingerprints):
    program = gradmq(*job(small_data, redis=server.url))
    program.wait_for("no worker is there")
    with server.client() as client:
        assert client.delete("gradmq:leases") == 1
    start_worker(gradmq, server, "worker")
    assert program.end(30) == 0, program.text()
    assert "broker is away" not in program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)


ENVELOPE = {"delivery_info": {"exchange": "", "routing_key": "leases"}, "delivery_tag": "1", "body_encoding": "base64"}
GARBAGE = [
    "garbage",
    b"\xff\xfe",
    "null",
    "[]",
    "{}",
    '{"properties": {}}',
    json.dumps({"body": "e30=", "headers": {"task": LEASE_TASK}, "properties": ENVELOPE}),  # a task without an id
]


def test_garbage_in_the_queue_of_seats_is_dropped_and_the_worker_goes_on(gradmq, small_data, server, long_fingerprint):
    worker = start_worker(gradmq, server, "only")
    worker.wait_for(" ready.")
    with server.client() as client:
        client.rpush(LEASE_KEYS[0], *GARBAGE)
        program = gradmq(*job(small_data, EPOCHS, redis=server.url))
        program.wait_for("Epoch 5:")
        client.lpush(LEASE_KEYS[0], *GARBAGE)
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    worker.wait_for("dropped from the queue, as no message of Celery's", times=2 * len(GARBAGE))
    assert worker.process.poll() is None


def test_a_worker_killed_with_9_leaves_nothing_in_the_temporary_folder(gradmq, server, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    worker = start_worker(gradmq, server, "only", TMPDIR=str(folder))
    worker.wait_for(" ready.")
    everyone = worker.descendants()
    worker.process.kill()
    assert worker.end() == -signal.SIGKILL
    assert not survivors(everyone, 10)
    assert list(folder.iterdir()) == []


def test_two_workers_of_the_same_name_are_told_apart(gradmq, small_data, server, long_fingerprint):
    for _ in range(2):
        start_worker(gradmq, server, "same").wait_for(" ready.")
    program = gradmq(*job(small_data, EPOCHS, redis=server.url))
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    assert "(2 workers now)" in program.text()


def test_a_redis_that_dies_in_mid_run_is_waited_for(gradmq, small_data, server, long_fingerprint):
    worker = start_worker(gradmq, server, "worker")
    program = gradmq(*job(small_data, EPOCHS, redis=server.url))
    program.wait_for("Epoch 2:")
    server.kill()
    program.wait_for("Redis is away")
    time.sleep(1)
    server.start()
    program.wait_for("all is there again; going on")
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    assert worker.process.poll() is None


def test_a_redis_that_forgets_everything_in_mid_run_changes_nothing(gradmq, small_data, server, long_fingerprint):
    for name in ("one", "two"):
        start_worker(gradmq, server, name)
    program = gradmq(*job(small_data, EPOCHS, redis=server.url))
    program.wait_for("Epoch 2:")
    with server.client() as client:
        while "Redis has lost the run's keys" not in program.text() and program.process.poll() is None:
            client.flushall()
            time.sleep(0.05)
    assert program.end() == 0, program.text()
    assert "Redis has lost the run's keys" in program.text()
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
    assert not survivors(everyone, 1)


def test_two_runs_share_a_worker_and_keep_apart(gradmq, small_data, server, fingerprints):
    start_worker(gradmq, server, "shared")
    programs = [gradmq(*job(small_data, 20, redis=server.url, seed=seed)) for seed in (1, 2)]
    for seed, program in zip((1, 2), programs, strict=True):
        assert program.end() == 0, program.text()
        assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(20, seed=seed)


def test_files_in_the_users_folder_are_not_taken_for_ours(gradmq, small_data, tmp_path):
    (tmp_path / "program0").mkdir()
    for name in ("worker", "shared", "celery"):
        (tmp_path / "program0" / f"{name}.py").write_text("raise SystemExit('a stranger')")
    program = gradmq(*job(small_data, workers=1))
    assert program.end() == 0, program.text()


def test_a_run_stopped_before_its_first_step_leaves_nothing(gradmq, small_data, server):
    program = gradmq(*job(small_data, redis=server.url))
    program.wait_for("no worker is there")
    program.process.terminate()
    assert program.end(10) == 143
    assert list(program.output.parent.glob("runs/*")) == []


def test_celery_starts_a_worker_as_its_users_are_used_to(gradmq, small_data, server, tmp_path):
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "--loglevel", "INFO"]
    environment = {**os.environ, "GRADMQ_REDIS_URL": server.url, "GRADMQ_DATA": str(small_data)}
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=Path(__file__).parents[2])
    try:
        program = gradmq(*job(small_data, redis=server.url))
        assert program.end() == 0, program.text()
    finally:
        worker.terminate()
        worker.wait(20)
    text = (tmp_path / "log").read_text()
    assert "concurrency: 1 (prefork)" in text
    assert "lease 1/2" in text
    assert "pickle" not in text


def test_flower_shows_the_embedded_cluster(gradmq, small_data):
    port = free_port()
    program = gradmq(*job(small_data, 10_000, workers=1, flower=port))
    program.wait_for("Epoch 0:")
    deadline = time.monotonic() + 30
    page = ""
    while "worker1@" not in page and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/workers?json=1", timeout=5) as answer:
                page = answer.read().decode()
        except OSError:
            time.sleep(0.2)
    assert "worker1@" in page
    os.killpg(program.process.pid, signal.SIGINT)
    assert program.end(10) == 130


def test_a_crash_leaves_no_folder(gradmq, small_data):
    before = set(SESSION.iterdir())
    program = gradmq(*job(small_data, 10_000, workers=1))
    program.wait_for("Epoch 0:")
    assert len(set(SESSION.iterdir()) - before) == 1  # ours; Celery's are in it
    program.process.kill()
    deadline = time.monotonic() + 5
    while set(SESSION.iterdir()) - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert set(SESSION.iterdir()) <= before


def test_the_seeds_pickle_trains_too(gradmq, small_data, fingerprints, tmp_path):
    import gzip
    import pickle

    from shared import load_data

    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(load_data(small_data), 2)))
    program = gradmq(*job(path, workers=1))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)
    shutil.rmtree(program.output.parent / "runs")
