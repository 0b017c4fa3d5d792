"""A run's metrics, as Prometheus' own parser for Python reads them."""

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from coordinator.reporting.prometheus import PrometheusMetrics
from shared.errors import QueueError
from shared.metrics_endpoint import LOOPBACK, check_endpoint
from shared.training.callbacks import Callback
from tests.support.learning import DATA
from tests.support.watched import CONFIG, WatchedRun


class Scraped(Callback):
    """Asks at the end of each epoch, and some steps later, while the metrics are served."""

    def __init__(self, run: WatchedRun) -> None:
        self._metrics = PrometheusMetrics(LOOPBACK, 0, CONFIG, DATA.training, run.recorded, run.source)
        self.port = 0
        self.found: list[dict[str, float]] = []

    def on_begin(self, state):
        self._metrics.on_begin(state)
        self.port = self._metrics.port
        self.found.append(scrape(self.port))

    def after_step(self, state, result, source):
        self._metrics.after_step(state, result, source)

    def after_epoch(self, state, metrics):
        self._metrics.after_epoch(state, metrics)
        self.found.append(scrape(self.port))

    def close(self) -> None:
        self._metrics.close()


def scrape(port: int) -> dict[str, float]:
    """The samples by name, with their label if they have one."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics") as answer:
        families = [*text_string_to_metric_families(answer.read().decode())]
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def scraped():
    run = WatchedRun()
    listener = Scraped(run)
    run.go_on_before(listener)
    yield run, listener
    listener.close()


def test_they_count_what_the_ledger_counts(scraped):
    run, listener = scraped
    for n_epochs, found in enumerate(listener.found):
        metrics = run.recorded[:n_epochs]
        assert found["gradmq_epochs_total"] == n_epochs
        assert found["gradmq_steps_total"] == found["gradmq_step_duration_seconds_count"] == 10 * n_epochs
        assert found["gradmq_samples_total"] == sum(each.samples for each in metrics)
        assert found["gradmq_requests_total"] == sum(each.ledger["requests"] for each in metrics)
        assert found["gradmq_replies_total answered"] == found["gradmq_requests_total"]
    assert found["gradmq_steps_planned"] == 50
    assert found["gradmq_workers"] == found["gradmq_leases_wanted"] == found["gradmq_workers_excluded"] == 0


def test_figures_are_those_of_the_last_epoch(scraped):
    run, listener = scraped
    for metrics, found in zip(run.recorded, listener.found[1:], strict=True):
        assert found["gradmq_accuracy_ratio validation"] == metrics.validation_accuracy
        assert found["gradmq_cost test"] == metrics.cost
        assert found["gradmq_cost training"] == metrics.training_cost
        assert found["gradmq_learning_rate"] == CONFIG.learning_rate
    assert "gradmq_cost test" not in listener.found[0]


def test_they_are_of_the_run_and_go_on_after_a_resume():
    run = WatchedRun()
    run.go_on_before(Callback(), stop_at=(3, 4))
    listener = Scraped(run)
    run.go_on_before(listener)
    listener.close()
    assert listener.found[0]["gradmq_steps_total"] == 34
    assert listener.found[0]["gradmq_samples_total"] == 204
    assert listener.found[-1]["gradmq_samples_total"] == 300
    assert listener.found[-1]["gradmq_step_duration_seconds_count"] == 16  # which only this process has measured


def test_an_epoch_that_goes_on_has_figures_of_its_training_samples(monkeypatch):
    monkeypatch.setattr("coordinator.reporting.prometheus._PICTURE", 0.0)
    run = WatchedRun()
    listener = Scraped(run)
    run.go_on_before(listener, stop_at=(0, 4))
    found = scrape(listener.port)
    listener.close()
    assert found["gradmq_steps_total"] == 4
    assert found["gradmq_accuracy_ratio training"] == run.state.score.total.accuracy


def test_a_process_has_its_own_too(scraped):
    _, listener = scraped
    assert listener.found[0]["process_resident_memory_bytes"] > 1e6


def test_a_port_that_is_taken_is_refused_before_the_run_and_costs_the_view_afterwards(scraped, caplog):
    _, first = scraped
    with pytest.raises(QueueError, match=rf"--metrics-port {first.port} of .* cannot be used: Address already in use"):
        check_endpoint(LOOPBACK, first.port)
    run = WatchedRun()
    run.go_on_before(PrometheusMetrics(LOOPBACK, first.port, CONFIG, DATA.training, run.recorded, run.source))
    assert len(run.recorded) == 5
    (record,) = caplog.records
    assert "Address already in use; the run goes on without it" in record.getMessage()


def test_no_name_of_a_worker_is_a_label(scraped):
    _, listener = scraped
    labels = {name.partition(" ")[2] for name in listener.found[-1]}
    names = {label for label in labels if not label.replace(".", "").replace("+Inf", "").isdigit() and label != "+Inf"}
    assert names == {"", "training", "validation", "test", "answered", "duplicate", "late", "rejected"}
