"""Log lines for operators: an event each, as text or JSON, and never a password."""

import json

from tests.support.program import Program, job, start_worker


def lines(program: Program) -> list[dict]:
    return [json.loads(line) for line in program.text().splitlines()]


def test_every_line_is_json_if_asked_for(gradmq, small_data, server):
    program = gradmq(*job(small_data, redis=server.tcp_url, log_format="json"))
    program.wait_for("no worker is there")
    worker = start_worker(gradmq, server, "one", GRADMQ_LOG_FORMAT="json")
    assert program.end() == 0, program.text()
    worker.process.terminate()
    assert worker.end() == 0

    told = lines(program)
    (run,) = {line["run"] for line in told}
    assert [line["epoch"] for line in told if "epoch" in line] == [0, 1]
    assert all({"time", "level", "worker", "message"} <= line.keys() for line in told)
    (warning,) = (line for line in told if line["level"] == "WARNING")
    assert "no worker is there" in warning["message"]
    (came,) = (line for line in told if "takes part" in line["message"])
    assert came["worker"].startswith("one@")

    leases = [line for line in workers_lines(worker) if "succeeded" in line["message"]]
    assert {line["run"] for line in leases} == {run}
    assert all(line["worker"].startswith("one@") for line in leases)
    assert "epoch 0, mini-batches 0–99, lease 1/2" in leases[0]["message"]
    assert server.password not in program.text() + worker.text()


def workers_lines(worker: Program) -> list[dict]:
    """What a worker logs; beside that, Celery prints how it stops and, if that is so, that it is root."""
    found = [json.loads(line) for line in worker.text().splitlines() if line.startswith("{")]
    assert found
    return found


def test_a_wrong_input_is_json_too(gradmq, small_data):
    program = gradmq(*job(small_data, epochs=0, log_format="json"))
    assert program.end() == 2
    (line,) = lines(program)
    assert line["level"] == "ERROR"
    assert "--epochs" in line["message"]


def test_text_lines_name_run_and_worker(gradmq, small_data):
    program = gradmq(*job(small_data, workers=1))
    assert program.end() == 0, program.text()
    (line,) = (line for line in program.text().splitlines() if "takes part" in line)
    assert " INFO run=" in line
    assert " worker=worker1@" in line
    assert "(1 worker now)" in line


def test_events_name_no_password(gradmq, small_data, server):
    worker = start_worker(gradmq, server, "one", GRADMQ_LOG_LEVEL="debug")
    program = gradmq(*job(small_data, 20, redis=server.tcp_url))
    program.wait_for("Epoch 1:")
    server.kill()
    program.wait_for("Redis is away")
    server.start()
    assert program.end() == 0, program.text()
    text = program.text() + worker.text()
    assert server.password not in text
    assert "://:***@" in text
