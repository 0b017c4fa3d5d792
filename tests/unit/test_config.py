"""Options of a run that do not fit."""

import pytest

from shared.config import TrainConfig
from shared.errors import ConfigError

SIZES = (6, 5, 3)


def config_of(**options: object) -> TrainConfig:
    return TrainConfig(SIZES, 1, 4, 3.0, 0, 1, "float64", **options)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"local_steps": -1}, "--local-steps must be 0 or more, got -1"),
        ({"local_steps": 5, "replicas": 0}, "--replicas must be at least 1, got 0"),
        ({"replicas": 2}, "go with --local-steps"),
        ({"local_steps": 5, "outer_momentum": 1.0}, "--outer-momentum must be at least 0 and below 1, got 1.0"),
    ],
)
def test_options_that_do_not_fit_are_named(options, named):
    with pytest.raises(ConfigError, match=named):
        config_of(**options)
