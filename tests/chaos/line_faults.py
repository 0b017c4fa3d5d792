"""What happens to bytes between Redis and the programs: on the connections for tensors, and on Celery's."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support import damage
from tests.support.damage import Damage
from tests.support.proxy import Proxy

if TYPE_CHECKING:
    from tests.chaos.own_redis import OwnRedis

_DAMAGES: dict[str, Callable[[random.Random], Damage]] = {
    "an answer is cut": lambda dice: damage.cut(dice.randrange(1, 3000)),
    "an answer is lost": lambda dice: damage.cut(0),
    "a bit is wrong": damage.corrupted,
    "bytes are missing": damage.truncated,
    "bytes come twice": damage.duplicated,
    "bytes are out of order": damage.reordered,
    "bytes are delayed": damage.delayed,
}


def reply_comes_twice(scenario: "OwnRedis") -> None:
    _push(scenario, scenario.tensors.seen[-1])


def reply_comes_late(scenario: "OwnRedis") -> None:
    before = scenario.tensors.seen[-1]
    scenario.wait_until(lambda: before not in scenario.tensors.seen, "five more replies")
    _push(scenario, before)


def _push(scenario: "OwnRedis", seen: tuple[bytes, bytes]) -> None:
    """Push a reply that has been pushed before."""
    key, reply = seen
    with scenario.server.client() as client:
        client.rpush(key, reply)
        client.expire(key, 60)


def _done_by(proxy_of: Callable[["OwnRedis"], Proxy], drawn: Callable[[random.Random], Damage]) -> Callable[..., None]:
    """Return the fault that has a proxy do a damage."""

    def fault(scenario: "OwnRedis") -> None:
        proxy = proxy_of(scenario)
        before = proxy.damages
        proxy.damage(drawn(scenario.dice))
        scenario.wait_until(lambda: proxy.damages > before, "bytes that can be damaged so")

    return fault


def bad_line(dice: random.Random, share: float) -> Callable[[], Damage | None]:
    """Return what has a proxy damage, in whatever ways there are, this share of what passes, or less."""

    def draw() -> Damage | None:
        if dice.random() >= share:
            return None
        name = dice.choice([*_DAMAGES])
        return replace(_DAMAGES[name](dice), name=name)

    return draw


KINDS: dict[str, Callable[["OwnRedis"], None]] = {
    **{f"tensors: {name}": _done_by(lambda each: each.tensors, drawn) for name, drawn in _DAMAGES.items()},
    **{f"Celery: {name}": _done_by(lambda each: each.celerys, drawn) for name, drawn in _DAMAGES.items()},
    "a reply comes twice": reply_comes_twice,
    "a reply comes late": reply_comes_late,
}
