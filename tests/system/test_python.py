"""From Python with workers: the same bits, and nothing is left, however it ends."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter

import numpy as np
import psutil
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score

from gradmq import Callback, GradMQClassifier, GradMQError, Run, train
from tests.support.mnist import PROJECT
from tests.support.processes import SESSION
from tests.support.waiting import PATIENCE, wait_until

JOB = {"hidden": 12, "epochs": 4}


class AfterStep(Callback):
    """Does something after the third step."""

    def __init__(self, what) -> None:
        self.what, self.steps = what, 0

    def after_step(self, state, result, source):
        self.steps += 1
        if self.steps == 3:
            self.what()


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def fail() -> None:
    raise ZeroDivisionError


def belongings() -> Counter[object]:
    """What this process has: threads, descriptors, children, handlers, and folders of clusters."""
    gc.collect()  # descriptors of what is in circles
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    files = [os.readlink(link) for link in links if os.path.islink(link)]
    return Counter(
        [
            *(thread.name for thread in threading.enumerate()),
            *(name for name in files if name.startswith(("socket:", "pipe:", "anon_inode:"))),
            *psutil.Process().children(recursive=True),
            *((number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)),
            *(path.name for path in SESSION.glob("gradmq-*")),
        ]
    )


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch):
    monkeypatch.setenv("TMPDIR", str(SESSION))
    monkeypatch.setattr("tempfile.tempdir", str(SESSION))
    before = belongings()
    yield
    assert belongings() <= before  # what other tests of this process have had may go meanwhile


@pytest.fixture(scope="module")
def alone(small_data, tmp_path_factory) -> Run:
    return train(small_data, runs=tmp_path_factory.mktemp("alone"), workers=0, **JOB)


def test_a_run_with_workers_has_the_same_bits_and_may_be_interrupted(small_data, tmp_path, alone):
    with pytest.raises(KeyboardInterrupt):
        train(small_data, runs=tmp_path, workers=2, callbacks=[AfterStep(interrupt)], **JOB)
    assert Run(runs=tmp_path).resume(workers=2).history["weights_sha256"] == alone.history["weights_sha256"]
    assert min(Run(runs=tmp_path).history["workers"]) > 0


def test_an_error_of_a_callback_ends_a_run_with_workers(small_data, tmp_path):
    with pytest.raises(ZeroDivisionError):
        train(small_data, runs=tmp_path, workers=1, callbacks=[AfterStep(fail)], **JOB)


def test_a_redis_that_is_not_there_is_told(small_data, tmp_path):
    with pytest.raises(GradMQError, match=r"redis://127.0.0.1:1/0 cannot be reached"):
        train(small_data, runs=tmp_path, redis="redis://127.0.0.1:1/0", **JOB)
    assert not list(tmp_path.iterdir())


def test_an_estimator_learns_on_workers_in_a_thread_to_the_same_bits(small_data):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 5)), rng.integers(0, 3, 300)
    estimators = [GradMQClassifier(**JOB, workers=workers) for workers in (0, 2)]
    thread = threading.Thread(target=lambda: estimators[1].fit(x, y))
    thread.start()
    estimators[0].fit(x, y)  # meanwhile
    thread.join()
    assert estimators[0].fingerprint_ == estimators[1].fingerprint_


def test_cross_validation_with_workers():
    x, y = load_iris(return_X_y=True)
    options = {"epochs": 20, "learning_rate": 0.02}
    scores = cross_val_score(GradMQClassifier(**options, workers=2), x, y, cv=2)
    assert scores.tolist() == cross_val_score(GradMQClassifier(**options), x, y, cv=2).tolist()


def test_an_estimator_uses_the_workers_of_a_redis(server, gradmq):
    gradmq("worker", "--redis", server.url)
    x, y = load_iris(return_X_y=True)
    found = GradMQClassifier(**JOB, redis=server.url).fit(x, y)
    assert found.fingerprint_ == GradMQClassifier(**JOB).fit(x, y).fingerprint_
    assert found.history_["workers"][-1] == 1


def test_a_kernel_that_is_killed_leaves_no_process(tmp_path):
    program = (
        "import numpy as np, gradmq\n"
        "x = np.random.default_rng(0).normal(size=(300, 5))\n"
        "class Told(gradmq.Callback):\n"
        "    def after_step(self, *_): print('step', flush=True)\n"
        "gradmq.GradMQClassifier(epochs=10**6, workers=1, callbacks=[Told()]).fit(x, x[:, 0] > 0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(SESSION)}
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    ) as kernel:
        assert kernel.stdout is not None and kernel.stdout.readline() == b"step\n"
        children = psutil.Process(kernel.pid).children(recursive=True)
        assert len(children) > 2
        kernel.kill()
        kernel.wait(PATIENCE)
    wait_until(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), "their end")
    for folder in SESSION.glob("gradmq-fit-*"):
        shutil.rmtree(folder)  # logs, which nobody was there to remove


def test_the_command_line_learns_the_same_from_a_table(main_here, tmp_path):
    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    rows = [",".join([*map(str, row), name]) for row, name in zip(x.tolist(), names, strict=True)]
    (tmp_path / "iris.csv").write_text("\n".join(["a,b,c,d,species", *rows]))
    options = ["--activation", "relu", "--output", "softmax", "--init", "he", "--optimizer", "adam", "--hidden", "12"]
    options += ["--learning-rate", "0.01", "--mini-batch-size", "32", "--epochs", "4", "--workers", "0"]
    split = ["--target", "species", "--test", "0", "--validation", "0"]
    assert (
        main_here("train", "--data", str(tmp_path / "iris.csv"), *split, *options, "--runs", str(tmp_path / "runs"))
        == 0
    )
    found = GradMQClassifier(**JOB, learning_rate=0.01).fit(x, names)
    run = Run(runs=tmp_path / "runs")
    assert run.history["weights_sha256"] == found.history_["weights_sha256"]
    assert run.model.predict(x).tolist() == found.predict(x).tolist()


def test_a_worker_and_the_command_line_need_no_scikit_learn():
    program = (
        "import sys, worker.celery, worker.tasks, coordinator.cli.main, gradmq\n"
        "gradmq.train, gradmq.Run, gradmq.load_model\n"
        "assert 'sklearn' not in sys.modules and 'tqdm.auto' not in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
