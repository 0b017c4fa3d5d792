"""Predictions by workers: the bits of one process, in order, whatever happens to workers and Redis meanwhile."""

import base64
import signal
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest
from celery import Celery
from celery.exceptions import WorkerLostError

from coordinator.runs.model_file import save_model
from shared.messaging.client import client
from shared.model import SavedModel
from shared.nn.parameters import Parameters
from shared.transport.models import publish
from tests.support.predictions import IMAGES, answers, model
from tests.support.program import Program, start_worker
from tests.support.waiting import PATIENCE
from tests.system.test_access import User

MODEL = model("exact", "relu", "softmax", (0.1307, 0.3081))
MANY = 20_000


@pytest.fixture
def files(tmp_path):
    """A model, and samples for 20 batches."""
    save_model(tmp_path / "model.npz", MODEL)
    np.save(tmp_path / "x.npy", np.tile(IMAGES, (2, 1)))
    return tmp_path / "model.npz", tmp_path / "x.npy"


@pytest.fixture
def in_one_process(main_here, files, tmp_path):
    """The answers of one process, as the file's content."""
    assert main_here("predict", *map(str, files), "--probabilities", "-o", str(tmp_path / "out.csv")) == 0
    return (tmp_path / "out.csv").read_bytes()


def predict(gradmq, files, server) -> Program:
    return gradmq("predict", *files, "--probabilities", "-o", "out.csv", "--redis", server.url)


def content(program: Program) -> bytes:
    assert program.end() == 0, program.text()
    return (program.output.parent / "out.csv").read_bytes()


def test_workers_give_the_answers_of_one_process_in_order_and_leave_no_key(gradmq, files, in_one_process, server):
    for name in ("one", "two"):
        start_worker(gradmq, server, name)
    assert in_one_process.count(b"\n") == MANY + 1
    assert content(predict(gradmq, files, server)) == in_one_process
    with server.client() as client:
        assert client.keys("gradmq:predictions*") == []


def test_a_worker_that_is_killed_and_a_redis_that_forgets_everything_change_nothing(
    gradmq, files, in_one_process, server
):
    program = predict(gradmq, files, server)
    program.wait_for("no worker has answered yet; start one with: gradmq worker")
    first = start_worker(gradmq, server, "first")
    with server.client() as client:
        program.wait_until(lambda: client.llen("gradmq:batches") < 16, "a batch that was taken")
    first.process.send_signal(signal.SIGKILL)
    for process in first.descendants():
        process.kill()
    server.kill()
    server.start()
    start_worker(gradmq, server, "second")
    assert content(program) == in_one_process


@pytest.fixture
def app() -> Iterator[Callable[[str], Celery]]:
    """Make apps that know no GradMQ."""
    made = []

    def make(url: str) -> Celery:
        made.append(Celery(broker=url, backend=url))
        made[-1].conf.broker_transport_options = {"global_keyprefix": "gradmq:"}
        made[-1].conf.result_backend_transport_options = {"global_keyprefix": "gradmq:"}
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_an_app_that_knows_no_gradmq_calls_the_task_by_its_name_with_the_rights_of_the_cluster(
    gradmq, files, server, app
):
    user = User(server, "gradmq")
    worker = start_worker(gradmq, user, "only")
    published = gradmq("publish", files[0], "--name", "digits", "--redis", user.url)
    assert published.end() == 0, published.text()
    assert published.text().startswith(f"digits: {MODEL.digest} at ")
    caller = app(user.tcp_url)
    rows = (IMAGES[:3] / 255).tolist()
    result = caller.send_task("gradmq.predict", ["digits", rows], {"probabilities": True}, queue="predictions")
    found = result.get(timeout=PATIENCE)
    ours = answers(MODEL, IMAGES[:3] / 255)
    assert found["predictions"] == ours.labels.tolist()
    assert found["probabilities"] == ours.outputs.tolist()
    assert (found["model"], found["names"][:2]) == (MODEL.digest, ["0", "1"])
    unknown = caller.send_task("gradmq.predict", ["nothing", rows], queue="predictions")
    with pytest.raises(Exception, match="there is no model nothing in Redis; publish it with: gradmq publish"):
        unknown.get(timeout=PATIENCE)
    worker.wait_for("gradmq.predict")
    assert "probabilities" not in worker.text()
    with server.client() as client:
        assert all(client.ttl(key) > 0 for key in client.keys("gradmq:models*"))


def test_a_call_that_costs_a_worker_its_life_is_given_to_no_other(gradmq, tmp_path, server, app):
    wide = SavedModel(Parameters((784, 1000, 1000, 10), np.dtype(np.float64)), arithmetic="native")
    with closing(client(server.url)) as redis:
        publish(redis, wide, "wide", 600)
    worker = start_worker(gradmq, server, "only")
    pixels = np.zeros((10_000, 784), np.uint8)
    samples = {"base64": base64.b64encode(pixels).decode(), "dtype": "uint8", "shape": pixels.shape}
    caller = app(server.tcp_url)
    worker.wait_for("ready")
    call = caller.send_task("gradmq.predict", ["wide", samples], queue="predictions")
    (computing,) = worker.computing("only")
    begun = computing.cpu_times().user + 0.5
    worker.wait_until(lambda: computing.cpu_times().user > begun, "a process that is busy with the call")
    computing.kill()
    with pytest.raises(WorkerLostError):
        call.get(timeout=PATIENCE)
    next_one = caller.send_task(
        "gradmq.predict", ["wide", {**samples, "shape": [0, 784], "base64": ""}], queue="predictions"
    )
    assert next_one.get(timeout=PATIENCE)["predictions"] == []
    assert worker.text().count(call.id) == worker.text().count(f"Task gradmq.predict[{call.id}]")
    assert worker.text().count(f"{call.id}] received") == 1
