"""What happens to Redis."""

import signal
import time
from typing import TYPE_CHECKING

import redis

if TYPE_CHECKING:
    from tests.chaos.own_redis import OwnRedis


def restarts(scenario: "OwnRedis") -> None:
    scenario.server.kill()
    assert scenario.server.process.returncode == -signal.SIGKILL
    time.sleep(scenario.dice.uniform(0, 1.5))
    scenario.server.start()


def stands_still(scenario: "OwnRedis") -> None:
    scenario.server.process.send_signal(signal.SIGSTOP)
    time.sleep(scenario.dice.choice([0.3, 1.5, 7.0]))
    scenario.server.process.send_signal(signal.SIGCONT)


def is_flushed(scenario: "OwnRedis") -> None:
    with scenario.server.client() as client:
        scenario.wait_until(lambda: client.dbsize() > 0, "a key in Redis")
        client.flushall()


def is_full(scenario: "OwnRedis") -> None:
    with scenario.server.client() as client:
        before = _refused(client)
        client.config_set("maxmemory", 1)
        scenario.wait_until(lambda: _refused(client) > before, "somebody who wants to write to the full Redis")
        client.config_set("maxmemory", 0)


def gives_way_to_another(scenario: "OwnRedis") -> None:
    """An empty one. The old one dies, or some still use it for a moment while others have come to the new one."""
    old, new = scenario.server, scenario.other_server
    if new.process.poll() is not None:
        new.start()
    with new.client() as client:
        client.flushall()
    scenario.server, scenario.other_server = new, old
    proxies = [scenario.tensors, scenario.celerys]
    for proxy in proxies:
        proxy.lead_to(new.socket)
    if scenario.dice.random() < 0.5:
        old.kill()
        return
    scenario.dice.shuffle(proxies)
    for proxy in proxies:
        proxy.disconnect()
        time.sleep(scenario.dice.choice([0.0, 0.5]))


def _refused(client: redis.Redis) -> int:
    """How many commands Redis has refused because it is full."""
    return int(client.info("errorstats").get("errorstat_OOM", {}).get("count", 0))
