"""What chaos draws: jobs of all kinds, and damages that do what they say."""

import random

import pytest

from shared.nn.activations import ACTIVATIONS
from shared.nn.losses import LOSSES
from shared.nn.outputs import OUTPUTS
from shared.optim.optimizers import OPTIMIZERS
from tests.chaos import jobs
from tests.support import damage
from tests.support.command_line import config_of

MESSAGE = b"$5\r\nhello\r\n"


def test_the_jobs_are_of_all_kinds():
    dice = random.Random(0)
    configs = []
    for _ in range(200):
        line = [word for name, value in jobs.drawn(dice).items() for word in (f"--{name.replace('_', '-')}", value)]
        line[line.index("--sizes") + 1] = line[line.index("--sizes") + 1].replace("196", "784")  # as the data here has
        configs.append(config_of([*map(str, line)]))
    assert {config.optimizer.kind for config in configs} == {*OPTIMIZERS}
    assert {config.activation for config in configs} == {*ACTIVATIONS}
    assert {config.output for config in configs} == {*OUTPUTS}
    assert {config.loss for config in configs} == {*LOSSES}
    assert {(config.arithmetic, config.strategy.kind) for config in configs} == {
        (arithmetic, strategy) for arithmetic in ("exact", "native") for strategy in ("sync-sgd", "local-sgd")
    }


def done(drawn, seed):
    return drawn(random.Random(seed)).change(MESSAGE)


@pytest.mark.parametrize("seed", range(20))
def test_damages_do_what_they_say(seed):
    wrong = zip(done(damage.corrupted, seed), MESSAGE, strict=True)
    assert sum((one ^ other).bit_count() for one, other in wrong) == 1
    assert len(done(damage.truncated, seed)) < len(MESSAGE)
    assert done(damage.duplicated, seed) == 2 * MESSAGE
    moved = done(damage.reordered, seed)
    assert moved != MESSAGE
    assert sorted(moved) == sorted(MESSAGE)
    assert done(damage.delayed, seed) == MESSAGE
    assert damage.cut(seed % 3).change(MESSAGE) == MESSAGE[: seed % 3]
