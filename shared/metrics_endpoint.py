"""Where Prometheus finds a process's metrics. No other file knows prometheus_client.

Names follow https://prometheus.io/docs/practices/naming/, and no label has values that grow in number: neither runs
nor workers.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from itertools import accumulate
from typing import Any, NamedTuple

from shared.durations import BOUNDS
from shared.errors import AddressError

LOOPBACK = "127.0.0.1"


class Metric(NamedTuple):
    """A metric as it is now. A counter's name is given without its `_total`."""

    kind: str  # counter or gauge
    name: str
    help: str
    value: float | dict[str, float] | None  # None: there is none now; of several by a label's value, a dictionary
    label: str = ""  # the label's name


class Histogram(NamedTuple):
    """How long things took, as in `Durations`."""

    name: str
    help: str
    counts: Sequence[float]
    total: float


Collect = Callable[[], Iterable[Metric | Histogram]]


def check_endpoint(host: str, port: int) -> None:
    """Raise AddressError unless metrics can be served there."""
    if find_spec("prometheus_client") is None:
        raise AddressError(
            f"--metrics-port {port} needs prometheus-client, which is not installed: pip install 'gradmq[prometheus]'"
        )
    try:
        family = socket.getaddrinfo(host, port)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, UnicodeError) as error:
        what = f"--metrics-port {port} of --metrics-host {host} cannot be used"
        raise AddressError(f"{what}: {getattr(error, 'strerror', None) or error}; give a free port") from None


class Endpoint:
    """Answers each scrape with what `collect` gives then, and with the process's memory and processor time."""

    def __init__(self, host: str, port: int, collect: Collect) -> None:
        """Begin to serve, in a thread.  port: 0: any that is free.  Raises OSError if it is taken."""
        from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(collect))
        ProcessCollector(registry=registry)
        self._server, self._thread = start_http_server(port, host, registry)
        self.port: int = self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def leave_to_parent(self) -> None:
        """In a process that was forked from the one that serves: hold its port no longer than that does."""
        with suppress(OSError):
            self._server.socket.close()


class _Collector:
    """What prometheus_client asks."""

    def __init__(self, collect: Collect) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Any]:
        for metric in self._collect():
            if isinstance(metric, Histogram):
                yield _histogram(metric)
            elif metric.value is not None:
                yield _family(metric, metric.value)


def _family(metric: Metric, value: float | dict[str, float]) -> Any:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    if not isinstance(value, dict):
        return kind(metric.name, metric.help, value=value)
    family = kind(metric.name, metric.help, labels=[metric.label])
    for name, its in value.items():
        family.add_metric([name], its)
    return family


def _histogram(histogram: Histogram) -> Any:
    from prometheus_client.core import HistogramMetricFamily

    bounds = [*map(str, BOUNDS), "+Inf"]
    buckets = [*zip(bounds, accumulate(histogram.counts), strict=True)]
    return HistogramMetricFamily(histogram.name, histogram.help, buckets=buckets, sum_value=histogram.total)
