"""`gradmq plan`, in this process."""

import numpy as np
import pytest
from click.testing import CliRunner

from coordinator.cli import plan
from coordinator.cli.plan import plan_command
from coordinator.planning import profiler

LARGE = "--arithmetic native --sizes 784,4000,10 --mini-batch-size 64"


@pytest.fixture(autouse=True)
def _few_calls(monkeypatch):
    """What is measured matters here, not how well."""
    monkeypatch.setattr(profiler, "_SECONDS", 0.0)


@pytest.mark.parametrize("more", ["", " --local-steps 10", " --arithmetic exact"])
def test_sums_too_large_for_the_exponential_are_nobodys_concern(more, recwarn):
    result = CliRunner().invoke(plan_command, (LARGE + more).split(), catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Warning" not in result.output
    assert not recwarn.list


def test_such_a_network_does_overflow(monkeypatch):
    overflowed: list[str] = []

    def measured(config):
        with np.errstate(over="call", call=lambda kind, flag: overflowed.append(kind)):
            return profiler.profile(config)

    monkeypatch.setattr(plan, "profile", measured)
    CliRunner().invoke(plan_command, LARGE.split(), catch_exceptions=False)
    assert "overflow" in overflowed
