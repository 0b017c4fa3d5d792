"""Networks of today keep the promise: whatever they learn by, and whatever happens meanwhile, the bits are the same.

Each job is trained three times: in one process; on three workers, of which one is killed, until the coordinator is
killed or told to stop, after which the run goes on with a single worker; and once more by `verify`.
"""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coordinator.runs.model_file import load_model
from shared.optim.optimizers import OPTIMIZERS
from shared.optim.schedules import SCHEDULES
from tests.support.processes import wait_for_the_end_of
from tests.support.program import Program, job, metrics, start_worker
from tests.support.runs import comparable
from tests.support.servers import Server

RELU = {"activation": "relu", "output": "softmax", "initializer": "he", "standardize": "0.1307,0.3081"}
AROUND = {"l2": 0.5, "l1": 0.01, "clip_norm": 0.2, "max_norm": 4, "ema": 0.9}
NATIVE = {"arithmetic": "native", "shards": 3}
# Every optimizer and every schedule, with something of all that is done to weights, neurons, samples and labels.
JOBS: dict[str, dict[str, object]] = {
    "sgd": {
        **{"activation": "tanh", "loss": "cross-entropy", "initializer": "lecun", "learning_rate": 0.5},
        **{"dropout": 0.2, "input_dropout": 0.1, "early_stopping": 8, "monitor": "validation-cost"},
    },
    "momentum": {
        **{"optimizer": "momentum", "momentum": 0.8, "learning_rate": 0.1, **RELU},
        **{"schedule": "step", "schedule_every": 1, "schedule_factor": 0.9},
        **{"class_weights": "1,2,1,0.5,1,1,3,1,1,1", "label_smoothing": 0.1},
    },
    "nesterov": {
        **{"optimizer": "nesterov", "learning_rate": 0.1, "schedule": "cosine", "warm_up": 0.1, **RELU, **AROUND},
        **{"augment": "elastic,rotate,scale,shear,shift,noise"},
    },
    "rmsprop": {
        **{"optimizer": "rmsprop", "momentum": 0.5, "learning_rate": 0.01, "schedule": "exponential", "l2": 0.5},
        **{"activation": "leaky-relu", "output": "linear", "loss": "huber", "initializer": "glorot"},
        **{"sample_weights": "weights.txt"},
    },
    "adam": {
        **{"optimizer": "adam", "learning_rate": 0.01, "schedule": "plateau", "patience": 1, "warm_up": 30},
        **{"dropout": 0.3, **RELU, **AROUND},
    },
    "adamw": {
        **{"optimizer": "adamw", "weight_decay": 0.1, "learning_rate": 0.03, **RELU},
        **{"schedule": "halving", "patience": 1, "schedule_limit": 1e-9, "augment": "shift,noise"},
    },
    "momentum, native": {},
    "adam, native": {},
    "adam, local steps": {
        **{"optimizer": "adam", "learning_rate": 0.01, "local_steps": 7, "replicas": 3, **RELU, **AROUND},
        **{"dropout": 0.1, "augment": "shift", "schedule": "exponential"},
    },
}
JOBS["momentum, native"] = {**JOBS["momentum"], **NATIVE}
JOBS["adam, native"] = {**JOBS["adam"], "augment": "elastic,rotate", **NATIVE}

ENDLESS = 1000  # epochs, of which nobody awaits the last
# Of the runs that cannot be made shorter: far more than are over when both faults have happened.
FIXED = {"sgd": ENDLESS, "nesterov": 15}


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("redis"))
    yield started
    started.kill()


@pytest.fixture(scope="module")
def two_workers(redis_server, small_data, tmp_path_factory) -> Iterator[None]:
    """Two workers, for all the jobs."""
    started = [
        start_worker(
            lambda *arguments, **environment: Program(arguments, tmp_path_factory.mktemp("worker"), environment),
            redis_server,
            name,
            GRADMQ_DATA=str(small_data),
        )
        for name in ("first", "second")
    ]
    for worker in started:
        worker.wait_for(" ready.")
    yield
    for worker in started:
        worker.process.terminate()
    for worker in started:
        assert worker.end() == 0, worker.text()


@pytest.fixture
def third(gradmq, redis_server, small_data) -> Program:
    """The worker that will be killed."""
    worker = start_worker(gradmq, redis_server, "third", GRADMQ_DATA=str(small_data))
    worker.wait_for(" ready.")
    return worker


def through_faults(coordinator: Program, third: Program, how: signal.Signals) -> None:
    """Have three workers take part in the run, kill one of them, and then end the coordinator so."""
    coordinator.wait_until(lambda: 3 in [line["workers"] for line in recorded(coordinator)], "an epoch of three")
    everyone = third.descendants()
    for process in everyone:
        process.kill()
    third.process.kill()
    assert third.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)
    # The epoch that was going on may still have been of three; one that began later was not.
    begun = len(recorded(coordinator)) + 1
    coordinator.wait_until(lambda: len(recorded(coordinator)) > begun, "an epoch of the two that are left")
    assert recorded(coordinator)[begun]["workers"] < 3
    coordinator.process.send_signal(how)
    assert coordinator.end() == {signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: 130}[how], coordinator.text()


def recorded(coordinator: Program) -> list[dict]:
    """The epochs that a run has recorded, perhaps none yet."""
    return metrics(coordinator) if any(coordinator.output.parent.glob("runs/*/metrics.jsonl")) else []


def best(folder: Path) -> str:
    return load_model(folder / "best.npz").parameters.sha256


def last(folder: Path) -> str:
    return load_model(folder / "model.npz").parameters.sha256


def test_the_jobs_have_every_optimizer_and_every_schedule():
    assert {each.get("optimizer", "sgd") for each in JOBS.values()} == OPTIMIZERS.keys()
    assert {each.get("schedule", "constant") for each in JOBS.values()} == SCHEDULES.keys()


@pytest.mark.parametrize(
    ("name", "how"),
    [(name, (signal.SIGKILL, signal.SIGINT)[number % 2]) for number, name in enumerate(JOBS)],
)
def test_the_bits_are_those_of_one_process_through_the_ends_of_a_worker_and_of_the_coordinator(
    gradmq: Callable[..., Program], small_data, redis_server, two_workers, third, tmp_path, name, how
):
    options = dict(JOBS[name])
    if "sample_weights" in options:
        options["sample_weights"] = tmp_path / "weights.txt"
        options["sample_weights"].write_text("".join(f"{1 + number % 7}\n" for number in range(1000)))
    program = gradmq(*job(small_data, FIXED.get(name, ENDLESS), redis=redis_server.url, **options))
    through_faults(program, third, how)
    run, done = program.run_folder, len(metrics(program))
    assert done < FIXED.get(name, ENDLESS)

    # A feedback schedule needs some epochs to see what it follows.
    epochs = FIXED.get(name, max(done + 2, 6))
    shorter = [] if name in FIXED else ["--epochs", epochs]
    resumed = gradmq("resume", run, "--workers", 1, *shorter)
    alone = gradmq(*job(small_data, epochs, workers=0, **options))
    assert resumed.end() == 0, resumed.text()
    assert "going on at epoch" in resumed.text()
    verified = gradmq("verify", run)
    assert alone.end() == 0, alone.text()

    lines = metrics(run.parent.parent)
    assert len(lines) > done
    assert comparable(lines) == comparable(metrics(alone))
    assert (best(run), last(run)) == (best(alone.run_folder), last(alone.run_folder))
    assert len({line["learning_rate"] for line in lines}) > 1 or "schedule" not in options
    assert ("no improvement in 8 epochs" in resumed.text()) == ("early_stopping" in options)
    assert verified.end() == 0, verified.text()
    assert f"all {len(lines) + 2} comparisons are identical" in verified.text()  # of epochs, the last model, the best
