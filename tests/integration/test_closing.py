"""How a run's connections end."""

import pytest

from coordinator.gradients.remote import RemoteGradients
from shared.training.state import TrainingState
from tests.support.learning import CONFIG, DATA, step_of
from tests.support.servers import Server
from tests.support.waiting import wait_until


class StopError(Exception):
    """The test ends the run."""


@pytest.fixture
def stopped(server: Server, broker: Server) -> RemoteGradients:
    """A run that was stopped in its first step, while its leases waited for workers."""
    with broker.client() as redis:

        def stop() -> None:
            if redis.llen("gradmq:leases"):
                raise StopError

        made = RemoteGradients(server.url, broker.tcp_url, "test", CONFIG, DATA, supervise=stop)
        with pytest.raises(StopError):
            made.gradient(TrainingState.initial(CONFIG).parameters, step_of(0))
    return made


def test_a_run_that_ends_asks_nothing_of_the_broker_which_may_stand_still(stopped, broker):
    with broker.client() as redis:
        before = redis.info("commandstats")
        stopped.close()
        after = redis.info("commandstats")
    assert before.pop("cmdstat_expire")["calls"] == after.pop("cmdstat_expire")["calls"] > 0
    assert after.keys() - before.keys() <= {"cmdstat_info"}  # ours


def test_whoever_presses_ctrl_c_again_leaves_no_connection(stopped, server, broker, monkeypatch):
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stopped._window, "close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stopped.close()
    for each in (server, broker):
        with each.client() as redis:
            wait_until(lambda redis=redis: len(redis.client_list()) == 1, "the end of the run's connections")
