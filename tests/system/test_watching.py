"""A run that is watched by others' programs: Prometheus, with all that the dashboard asks it, and MLflow."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from tests.support.mnist import PROJECT
from tests.support.program import job, metrics, start_worker
from tests.support.servers import free_port
from tests.support.waiting import wait_until

MONITORING = PROJECT / "monitoring"
DASHBOARD = json.loads((MONITORING / "grafana" / "dashboards" / "gradmq.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@contextmanager
def running(command: list[object], log: Path, **environment: str) -> Iterator[None]:
    """Run a server for the time of a block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*map(str, command)], stdout=output, stderr=output, env={**os.environ, **environment}
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def asked(url: str, fields: dict[str, Any] | None = None) -> Any:
    """What a server answers, as JSON; nothing if it does not, yet."""
    body = None if fields is None else json.dumps(fields).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError):
        return {}


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return answer.read().decode()


def leases(port: int) -> float:
    """How many a worker has worked on."""
    (found,) = re.findall(r"(?m)^gradmq_worker_leases_total (\S+)", scraped(port))
    return float(found)


def test_prometheus_has_an_answer_to_every_question_of_the_dashboard(gradmq, small_data, server, tmp_path):
    ports = {"coordinator": free_port(), "worker": free_port()}
    worker = start_worker(gradmq, server, "one", GRADMQ_METRICS_PORT=str(ports["worker"]))
    program = gradmq(*job(small_data, 10_000, redis=server.tcp_url, metrics_port=ports["coordinator"]))
    program.wait_for("Epoch 1:")
    program.wait_until(lambda: leases(ports["worker"]) > 0, "the end of a lease")
    names = set(re.findall(r"(?m)^(\w+)", "".join(map(scraped, ports.values()))))
    assert {name for query in QUERIES for name in re.findall(r"\b(?:gradmq|process)_\w+", query)} <= names
    (child,) = worker.computing("worker/__main__.py")
    child.kill()  # the one that computes: what it has done stays counted, and its successor does not keep the port
    before = leases(ports["worker"])
    assert before > 0
    program.wait_until(lambda: leases(ports["worker"]) > before + 1, "more leases")

    if shutil.which("prometheus") is None:
        pytest.skip("there is no prometheus on this machine to ask")
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    config["global"]["scrape_interval"] = "200ms"
    for scrape in config["scrape_configs"]:
        (found,) = scrape.pop("dns_sd_configs")
        assert (found["names"], found["port"]) == ([scrape["job_name"]], 9464)
        scrape["static_configs"] = [{"targets": [f"127.0.0.1:{ports[scrape['job_name']]}"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    here = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb"]
    log = tmp_path / "prometheus.log"
    with running([*command, f"--web.listen-address={here}"], log):
        for query in QUERIES:
            url = f"http://{here}/api/v1/query?{urlencode({'query': query.replace('$__rate_interval', '5s')})}"
            wait_until(lambda url=url: asked(url).get("data", {}).get("result"), query, log.read_text)
    program.process.terminate()
    assert program.end() == 143
    worker.process.terminate()
    assert worker.end() == 0


@pytest.fixture
def mlflow(tmp_path) -> Iterator[str]:
    if any(find_spec(name) is None for name in ("mlflow", "flask", "flask_cors", "sqlalchemy", "alembic")):
        pytest.skip("there is no MLflow server: pip install mlflow-skinny flask flask-cors sqlalchemy alembic")
    port = free_port()
    places = {
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{tmp_path}/mlflow.sqlite",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": str(tmp_path / "artifacts"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    command = [sys.executable, "-m", "flask", "--app", "mlflow.server:app", "run", "--port", port]
    log = tmp_path / "mlflow.log"
    with running(command, log, **places):
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: asked(f"{address}/api/2.0/mlflow/experiments/search?max_results=1"), "MLflow", log.read_text)
        yield address


def test_mlflow_has_each_epoch_once_after_a_resume(gradmq, small_data, mlflow):
    program = gradmq(*job(small_data, 8, workers=0, mlflow=mlflow))
    program.wait_for("Epoch 3:")
    os.kill(program.process.pid, signal.SIGKILL)
    program.end()
    again = gradmq("resume", program.run_folder, "--workers", 0, "--mlflow", mlflow)
    assert again.end() == 0, again.text()
    api = f"{mlflow}/api/2.0/mlflow"
    experiment = asked(f"{api}/experiments/get-by-name?experiment_name=gradmq")["experiment"]["experiment_id"]
    (run,) = asked(f"{api}/runs/search", {"experiment_ids": [experiment]})["runs"]
    assert run["info"]["run_name"] == program.run_folder.name
    assert run["info"]["status"] == "FINISHED"
    history = asked(f"{api}/metrics/get-history?run_id={run['info']['run_id']}&metric_key=cost/validation")["metrics"]
    recorded = metrics(program)
    assert [each.get("step", 0) for each in history] == list(range(8))
    assert [each["value"] for each in history] == [each["validation_cost"] for each in recorded]
    options = {each["key"]: each["value"] for each in run["data"]["params"]}
    assert options["learning_rate"] == "3.0"
    tags = {each["key"]: each["value"] for each in run["data"]["tags"]}
    assert tags["gradmq.weights_sha256"] == recorded[-1]["weights_sha256"]


def test_an_mlflow_that_is_away_keeps_nobody_waiting(gradmq, small_data):
    program = gradmq(*job(small_data, 2, workers=0, mlflow=f"http://user:a-secret@127.0.0.1:{free_port()}"))
    assert program.end() == 0, program.text()
    assert program.text().count("Connection refused; the run goes on") == 1
    assert "2 epochs are missing in MLflow at http://user:***@127.0.0.1:" in program.text()
    assert "a-secret" not in program.text()
