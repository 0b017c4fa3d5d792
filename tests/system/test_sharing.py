"""Several runs at once on the same workers and Redis: fair, apart from each other, and nothing of them stays."""

import signal
from pathlib import Path

from tests.support.program import job, metrics, start_worker
from tests.support.servers import Server
from tests.support.waiting import wait_until

EPOCHS = 50


def keys(server: Server) -> dict[bytes, int]:
    """All keys, Celery's too, with their time to live in seconds, -1 for ever."""
    with server.client() as client:
        return {key: client.ttl(key) for key in client.keys("*")}


def settled(server: Server) -> dict[bytes, int]:
    """The keys, when each has a time to live, as it must have soon: a worker may still be giving up its lease."""

    def all_expire() -> bool:
        return all(0 < seconds <= 600 for seconds in keys(server).values())

    wait_until(all_expire, "a time to live of each key", lambda: str(keys(server)))
    return keys(server)


def test_runs_share_the_workers_fairly_and_end_with_their_own_bits(gradmq, small_data, server, fingerprints):
    runs = [gradmq(*job(small_data, EPOCHS, redis=server.url, seed=seed)) for seed in (1, 2, 3)]
    for program in runs:  # so that all begin at the same time
        program.wait_for("no worker is there")
    for name in ("first", "second"):
        start_worker(gradmq, server, name)
    others = []
    for program in runs:
        program.wait_for(f"Epoch {EPOCHS // 2}:")
        others.append([len(metrics(other)) for other in runs])
    for seed, program in zip((1, 2, 3), runs, strict=True):
        assert program.end() == 0, program.text()
        assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(EPOCHS, seed=seed)
        assert metrics(program)[-1]["workers"] >= 1
    # When one was at its half, each of the others had got somewhere, too.
    assert min(others[0]) > EPOCHS // 10, others


def test_a_run_that_ended_leaves_no_key_that_stays(gradmq, small_data, server):
    start_worker(gradmq, server, "worker", GRADMQ_DATA="nowhere")
    program = gradmq(*job(small_data, redis=server.url))
    assert program.end() == 0, program.text()
    left = settled(server)
    (run,) = (Path(path).name for path in program.output.parent.glob("runs/*"))
    assert all(0 < seconds <= 60 for key, seconds in left.items() if run.encode() in key)
    assert not [key for key in left if key.endswith(b":weights")]


def test_a_run_whose_everybody_died_leaves_no_key_that_stays(gradmq, small_data, server):
    worker = start_worker(gradmq, server, "worker")
    program = gradmq(*job(small_data, 10_000, redis=server.url))
    program.wait_for("Epoch 5:")
    everybody = [*worker.descendants(), worker.group, program.group]

    # In the middle of a lease. (Celery's note of a lease that was taken in the last millisecond is the next worker's to
    # clear away.)
    def stopped_in_a_lease() -> bool:
        for process in everybody:
            process.suspend()
        if keys(server).get(b"gradmq:unacked", 0) > 0:
            return True
        for process in everybody:
            process.resume()
        return False

    wait_until(stopped_in_a_lease, "everybody to stand still in the middle of a lease")
    for process in everybody:
        process.kill()
    left = settled(server)
    assert b"gradmq:leases" in left or b"gradmq:unacked" in left


def test_the_memory_of_redis_does_not_grow(gradmq, small_data, server):
    start_worker(gradmq, server, "worker")
    program = gradmq(*job(small_data, 10_000, redis=server.url, mini_batch_size=1))
    found = []
    with server.client() as client:
        for epoch in (3, 6, 9, 12):
            program.wait_for(f"Epoch {epoch}:")
            found.append((client.dbsize(), client.info("memory")["used_memory"]))
    program.process.send_signal(signal.SIGINT)
    assert program.end() == 130
    # The sign that a window is over stays for some seconds, and windows of this job last half a second.
    assert max(keys for keys, _ in found) < 40, found
    assert max(used for _, used in found[1:]) < 1.5 * found[0][1], found


def test_two_runs_share_a_worker_and_keep_apart(gradmq, small_data, server, fingerprints):
    start_worker(gradmq, server, "shared")
    programs = [gradmq(*job(small_data, 20, redis=server.url, seed=seed)) for seed in (1, 2)]
    for seed, program in zip((1, 2), programs, strict=True):
        assert program.end() == 0, program.text()
        assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(20, seed=seed)
