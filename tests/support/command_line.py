"""What options of `train` stand for, without training."""

from typing import Any

import numpy as np

from coordinator.cli.given import run_options_given
from coordinator.cli.train import train_command
from coordinator.options.configuration import to_config
from coordinator.options.precedence import Values
from coordinator.options.reading import to_data_options
from coordinator.session import RunOptions
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.samples import LabelledSamples

_ELSEWHERE = (
    "data",
    "runs",
    "log_format",
    "name",
    "start",
    "recipe",
    "config_file",
    "sample_weights",
    "quiet",
    "verbose",
    "resumes",
    "last",
)
_ONE_OF_EACH = LabelledSamples(np.zeros((10, 784), np.uint8), np.arange(10), 10)
_DATA = Dataset(_ONE_OF_EACH, _ONE_OF_EACH, _ONE_OF_EACH, (28, 28))


def parsed(line: list[str], command: Any = train_command) -> tuple[RunOptions, dict[str, Any]]:
    """What a command line of `train` (or `resume`) says of how a run is computed, and of everything else."""
    with command.make_context(command.name, line) as ctx:
        given = {name: value for name, value in ctx.params.items() if name not in _ELSEWHERE}
        if command is train_command:
            to_data_options(given)
        return run_options_given(ctx, given), given


def config_of(line: list[str]) -> TrainConfig:
    """The configuration of a run on data like MNIST's."""
    run_options, given = parsed(line)
    return to_config(given, run_options.workers == 0, _DATA)


def configured(values: Values) -> TrainConfig:
    """That of a file with these values, as if they had been typed."""
    line = []
    for param in train_command.params:
        value = values.get(param.name or "")
        line += [] if value is None else [param.opts[0], value]
    return config_of(line)
