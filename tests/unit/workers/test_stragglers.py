"""Who gets no work, and for how long."""

import time

from coordinator.workers.stragglers import Bench


def reply(bench: Bench, **seconds: list[float]) -> None:
    """Have each worker reply with these latencies, a tenth of a second apart, from now on."""
    for worker, latencies in seconds.items():
        for number, latency in enumerate(latencies):
            bench.good(worker, latency, time.monotonic() + number / 10)


def test_who_is_benched_and_for_how_long():
    bench = Bench([])
    reply(bench, fast=[0.0001] * 15, sleepy=[0.0009] * 15)
    bench.look(["fast", "sleepy"])
    assert not bench.changed  # that much is nothing
    reply(bench, fast=[0.001] * 15, slow=[0.010] * 14)
    bench.look(["fast", "slow"])
    assert not bench.changed  # it is too early to tell
    for _ in range(20):
        bench.good("slow", 0.010, time.monotonic() + 1.3)
    bench.look(["fast", "slow"])
    assert not bench.changed  # as before, because these came at once
    bench.good("slow", 0.010, time.monotonic() + 1.5)
    bench.look(["fast"])
    assert not bench.changed  # nobody else is there to do better
    bench.look(["fast", "slow"])
    assert bench.changed
    assert bench.take_names() == ["slow"]
    assert not bench.is_excluded("slow")
    reply(bench, fast=[0.5] * 7, steady=[0.001] * 15)  # held up for a while, as happens on a busy machine
    bench.look(["fast", "steady"])
    assert not bench.changed
    for _ in range(2):
        bench.bad("liar", "nonsense")
    bench.good("liar", 0.001, time.monotonic())
    for _ in range(2):
        bench.bad("liar", "nonsense")
    assert "liar" not in bench
    bench.bad("liar", "nonsense")
    assert bench.take_names() == ["liar", "slow"]
    assert bench.is_excluded("liar")
