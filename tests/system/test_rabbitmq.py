"""RabbitMQ as Celery's broker: a real one, where the machine has it."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from kombu import Connection

from coordinator.runs.model_file import save_model
from coordinator.workers.task_queue import TaskQueue
from coordinator.workers.task_sender import BrokerForbiddenError
from shared.messaging.keys import TRIALS
from tests.support.predictions import IMAGES, answers, model
from tests.support.program import EPOCHS, LONGER, job, metrics, start_worker
from tests.support.rabbitmq import SERVER, RabbitMq
from tests.support.waiting import wait_until
from worker.envelopes import LONGEST_MESSAGE

pytestmark = pytest.mark.skipif(SERVER is None, reason="no rabbitmq-server on this machine")


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMq]:
    server = RabbitMq(tmp_path_factory.mktemp("rabbitmq"))
    yield server
    server.close()


def test_a_run_over_rabbitmq_gives_the_same_bits(gradmq, small_data, server, rabbitmq, long_fingerprint):
    workers = [start_worker(gradmq, server, name, GRADMQ_BROKER_URL=rabbitmq.url) for name in ("one", "two")]
    program = gradmq(*job(small_data, EPOCHS, redis=server.url, broker=rabbitmq.url))
    program.wait_for("Epoch 2:")
    for process in workers[0].descendants():
        process.kill()
    workers[0].process.kill()
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    assert metrics(program)[-1]["workers"] == 1
    with server.client() as client:  # Celery is elsewhere, indeed
        assert not client.exists("gradmq:leases")


def test_a_message_longer_than_any_is_dropped_and_its_worker_goes_on(
    gradmq, server, rabbitmq, small_data, fingerprints
):
    """Whoever has the workers' password may send as much as RabbitMQ takes."""
    worker = start_worker(gradmq, server, "one", GRADMQ_BROKER_URL=rabbitmq.url)
    worker.wait_for("ready")
    with Connection(rabbitmq.url) as connection:
        send = connection.Producer().publish
        headers = {"task": "gradmq.lease", "id": "long"}
        send(bytes(LONGEST_MESSAGE + 1), routing_key="leases", headers=headers, content_type="application/json")
    worker.wait_for("it has no body, or one of more than")
    program = gradmq(*job(small_data, 1, redis=server.url, broker=rabbitmq.url))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(1)
    assert worker.process.poll() is None


def test_a_rabbitmq_that_dies_in_mid_run_is_waited_for(gradmq, small_data, server, rabbitmq, fingerprints):
    worker = start_worker(gradmq, server, "one", GRADMQ_BROKER_URL=rabbitmq.url)
    program = gradmq(*job(small_data, LONGER, redis=server.url, broker=rabbitmq.url))
    program.wait_for("Epoch 2:")
    rabbitmq.kill()
    program.wait_for("broker is away")
    rabbitmq.start()
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(LONGER)
    assert worker.process.poll() is None


def test_predictions_over_rabbitmq_have_the_bits_of_one_process(gradmq, server, rabbitmq, tmp_path):
    used = model("exact", "tanh", "softmax")
    save_model(tmp_path / "model.npz", used)
    np.save(tmp_path / "x.npy", IMAGES[:3000])
    start_worker(gradmq, server, "only", GRADMQ_BROKER_URL=rabbitmq.url)
    arguments = ["predict", tmp_path / "model.npz", tmp_path / "x.npy", "--probabilities", "-o", tmp_path / "out.csv"]
    program = gradmq(*arguments, "--redis", server.url, "--broker", rabbitmq.url)
    assert program.end() == 0, program.text()
    found = np.loadtxt(tmp_path / "out.csv", delimiter=",", skiprows=1)
    ours = answers(used, IMAGES[:3000])
    assert np.array_equal(found[:, 0], ours.labels)
    assert np.array_equal(found[:, 1:], ours.outputs)


def test_a_task_waits_until_it_is_taken_and_who_has_no_password_is_told_so(rabbitmq):
    with closing(TaskQueue(rabbitmq.url, TRIALS, "a task", (), 1)) as queue:
        assert queue.is_taken()
        queue.send({}, "first")
        assert not queue.is_taken()
        wait_until(queue.is_taken, "the end of a task that lives a second")
    with closing(TaskQueue(rabbitmq.url.replace("guest@", "another@"), TRIALS, "a task", (), 1)) as queue:
        for what in (lambda: queue.send({}, "second"), queue.is_taken):
            with pytest.raises(BrokerForbiddenError):
                what()
