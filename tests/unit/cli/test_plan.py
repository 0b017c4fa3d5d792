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


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("--rtt", "1e308", "must be a number of milliseconds from 0 to 60000"),
        ("--rtt", "-1", "must be a number of milliseconds"),
        ("--rtt", "nan", "must be a number of milliseconds"),
        ("--bandwidth", "1e-308", "must be a number of Gbit/s from 1e-06 to 1e+06"),
        ("--bandwidth", "inf", "must be a number of Gbit/s"),
        ("--bandwidth", "nan", "must be a number of Gbit/s"),
    ],
)
def test_a_link_that_cannot_be_is_refused(main_here, capsys, option, value, rule):
    assert main_here("plan", option, value) == 2
    error = capsys.readouterr().err
    assert f"{option} {rule}" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("link", [("--rtt", "60000"), ("--bandwidth", "1e-6"), ("--bandwidth", "1e6", "--rtt", "0")])
def test_at_the_ends_of_the_ranges_there_is_an_answer(main_here, capsys, link):
    assert main_here("plan", "--workers", "2", "--sizes", "20,10,5", *link) == 0
    assert "best" in capsys.readouterr().out
