"""What options of `train` stand for, without training."""

from typing import Any

from coordinator.cli import options
from coordinator.cli.settings_files import Values
from coordinator.cli.train import train_command
from coordinator.session import RunOptions
from shared.config import TrainConfig

_ELSEWHERE = ("data", "runs", "log_format", "name", "start", "recipe", "config_file")


def parsed(line: list[str], command: Any = train_command) -> tuple[RunOptions, dict[str, Any]]:
    """What a command line of `train` (or `resume`) says of how a run is computed, and of everything else."""
    with command.make_context(command.name, line) as ctx:
        given = {name: value for name, value in ctx.params.items() if name not in _ELSEWHERE}
        return options.to_run_options(ctx, given), given


def config_of(line: list[str]) -> TrainConfig:
    """The configuration of a run on data like MNIST's."""
    run_options, given = parsed(line)
    return options.to_config(given, run_options.workers == 0, n_inputs=784, n_classes=10, image_size=(28, 28))


def configured(values: Values) -> TrainConfig:
    """That of a file with these values, as if they had been typed."""
    line = []
    for param in train_command.params:
        value = values.get(param.name or "")
        line += [] if value is None else [param.opts[0], value]
    return config_of(line)
