"""What a worker counts for Prometheus, and who serves it."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from shared.metrics_endpoint import LOOPBACK
from worker import metrics, metrics_server
from worker.serve import Done


def values() -> dict[str, float]:
    return {metric.name: getattr(metric, "value", None) for metric in metrics.collect()}


def test_it_counts_the_work_of_leases_when_they_end():
    before = values()
    done = Done("window over", requests=3, samples=30, seconds_waiting=0.5)
    for seconds in (0.0002, 0.0002, 7.0):
        done.durations.add(seconds)
    metrics.add(done)
    metrics.add(Done("window over"))
    after = values()
    assert after["gradmq_worker_leases"] - before["gradmq_worker_leases"] == 2
    assert after["gradmq_worker_requests"] - before["gradmq_worker_requests"] == 3
    assert after["gradmq_worker_samples"] - before["gradmq_worker_samples"] == 30
    assert after["gradmq_worker_waiting_seconds"] - before["gradmq_worker_waiting_seconds"] == 0.5


def test_celerys_main_process_serves_them_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("GRADMQ_METRICS_PORT", "0")
    step = metrics_server.ServeMetrics(None)
    step.start(None)
    (endpoint,) = metrics_server._served
    with urllib.request.urlopen(f"http://{LOOPBACK}:{endpoint.port}/metrics") as answer:
        families = {family.name for family in text_string_to_metric_families(answer.read().decode())}
    step.stop(None)
    assert {"gradmq_worker_leases", "gradmq_worker_request_duration_seconds", "process_cpu_seconds"} <= families


def test_a_port_that_cannot_be_had_leaves_a_worker_without_metrics(monkeypatch, caplog):
    for port in ("1000000", "http"):
        monkeypatch.setenv("GRADMQ_METRICS_PORT", port)
        metrics_server.ServeMetrics(None).start(None)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_nothing_is_served_unless_it_is_asked_for(monkeypatch):
    monkeypatch.delenv("GRADMQ_METRICS_PORT", raising=False)
    metrics_server.ServeMetrics(None).start(None)
    assert not metrics_server._served
