"""Predictions by workers: the bits of one process, in order, whatever happens to workers and Redis meanwhile."""

import signal

import numpy as np
import pytest
from celery import Celery

from coordinator.runs.model_file import save_model
from tests.support.predictions import IMAGES, answers, model
from tests.support.program import Program, start_worker
from tests.system.test_access import Restricted

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
        program.wait_until(lambda: client.llen("gradmq:predictions") < 16, "a batch that was taken")
    first.process.send_signal(signal.SIGKILL)
    for process in first.descendants():
        process.kill()
    server.kill()
    server.start()
    start_worker(gradmq, server, "second")
    assert content(program) == in_one_process


def test_an_app_that_knows_no_gradmq_calls_the_task_by_its_name_with_the_rights_of_the_cluster(gradmq, files, server):
    user = Restricted(server)
    start_worker(gradmq, user, "only")
    published = gradmq("publish", files[0], "--name", "digits", "--redis", user.url)
    assert published.end() == 0, published.text()
    assert published.text().startswith(f"digits: {MODEL.digest} at ")
    url = user.tcp_url
    app = Celery(broker=url, backend=url)
    app.conf.broker_transport_options = app.conf.result_backend_transport_options = {"global_keyprefix": "gradmq:"}
    rows = (IMAGES[:3] / 255).tolist()
    try:
        result = app.send_task("gradmq.predict", ["digits", rows], {"probabilities": True}, queue="predictions")
        found = result.get(timeout=60)
        ours = answers(MODEL, IMAGES[:3] / 255)
        assert found["predictions"] == ours.labels.tolist()
        assert found["probabilities"] == ours.outputs.tolist()
        assert (found["model"], found["names"][:2]) == (MODEL.digest, ["0", "1"])
        unknown = app.send_task("gradmq.predict", ["nothing", rows], queue="predictions")
        with pytest.raises(Exception, match="there is no model nothing in Redis; publish it with: gradmq publish"):
            unknown.get(timeout=60)
    finally:
        app.close()
    with server.client() as client:
        assert all(client.ttl(key) > 0 for key in client.keys("gradmq:models*"))
