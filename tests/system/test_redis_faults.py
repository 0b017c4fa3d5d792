"""A Redis that dies, forgets or holds nonsense changes nothing."""

import json
import re
import time
from contextlib import closing

from shared.messaging.keys import LEASE_KEYS
from tests.support.damage import Damage
from tests.support.messages import BAD_BYTES, BAD_COMMANDS, BAD_TASKS
from tests.support.program import EPOCHS, job, metrics, start_worker
from tests.support.proxy import Proxy


def test_the_embedded_redis_killed_in_mid_run_changes_nothing(gradmq, small_data, long_fingerprint):
    program = gradmq(*job(small_data, EPOCHS, workers=2))
    program.wait_for("Epoch 1:")
    (server,) = program.descendants("redis.sock")
    server.kill()
    assert program.end() == 0, program.text()
    assert "redis has ended (exit code -9); starting it again" in program.text()
    assert "all is there again" in program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint


def test_leases_that_got_lost_on_the_way_are_granted_again(gradmq, small_data, server, fingerprints):
    program = gradmq(*job(small_data, redis=server.url))
    program.wait_for("no worker is there")
    with server.client() as client:
        assert client.delete("gradmq:leases") == 1
    start_worker(gradmq, server, "worker")
    assert program.end() == 0, program.text()
    assert "broker is away" not in program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)


def test_garbage_in_the_queue_of_leases_is_dropped_and_the_worker_goes_on(gradmq, small_data, server, long_fingerprint):
    garbage, commands = ([*BAD_BYTES, *map(json.dumps, each.values())] for each in (BAD_TASKS, BAD_COMMANDS))
    worker = start_worker(gradmq, server, "only")
    worker.wait_for(" ready.")
    with server.client() as client:
        client.rpush(LEASE_KEYS[0], *garbage)
        for command in commands:
            assert client.publish("gradmq:/0.celery.pidbox", command) == 1
        program = gradmq(*job(small_data, EPOCHS, redis=server.url))
        program.wait_for("Epoch 5:")
        client.lpush(LEASE_KEYS[0], *garbage)
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    worker.wait_for("dropped from the queue, as no message of Celery's", times=2 * len(garbage) + len(BAD_COMMANDS))
    assert worker.process.poll() is None


def test_a_redis_that_dies_in_mid_run_is_waited_for(gradmq, small_data, server, long_fingerprint):
    worker = start_worker(gradmq, server, "worker")
    program = gradmq(*job(small_data, EPOCHS, redis=server.url))
    program.wait_for("Epoch 2:")
    server.kill()
    program.wait_for("Redis is away")
    time.sleep(1)  # that it is away for
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

        def noticed() -> bool:
            client.flushall()
            return "Redis has lost the run's keys" in program.text()

        program.wait_until(noticed, "a word of the loss")
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint


def test_a_worker_outlives_answers_that_no_redis_gives_while_it_connects(gradmq, small_data, server, fingerprints):
    # Of a transaction, which kombu begins with: a number where redis-py looks for a list.
    nonsense = Damage(change=lambda answer: re.sub(rb"\*\d\r\n(?=:)", b"", answer))
    with closing(Proxy(server.socket)) as proxy:
        proxy.damage_some(lambda: nonsense)
        worker = gradmq("worker", "--redis", f"redis://:{server.password}@127.0.0.1:{proxy.port}/0")
        worker.wait_for("answers what no Redis does")
        proxy.damage_some()
        program = gradmq(*job(small_data, redis=server.url))
        assert program.end() == 0, program.text()
        assert worker.process.poll() is None, worker.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)
