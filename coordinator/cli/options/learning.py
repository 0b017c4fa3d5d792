"""Options of how long it learns, and which epoch is the best."""

import click

from coordinator.cli.option import LEARNING, Decorator, group, in_section
from shared.config.suggestions import TABLE
from shared.monitors import MONITORS

_option = in_section(LEARNING)


def mini_batch_size_option(for_tables: str = "") -> Decorator:
    """Return the option.  for_tables: its default for them, where there are data."""
    return _option("--mini-batch-size", type=int, default=10, for_tables=for_tables, help="Samples of one mini-batch.")


learning_options = group(
    _option("--epochs", type=int, default=30, help="How often all samples are learned from."),
    mini_batch_size_option(for_tables=f"{TABLE['mini_batch_size']}"),
    _option(
        "--seed",
        type=int,
        default=0,
        help="Of the first weights, each epoch's order, the data's parts, and all else that is drawn.",
    ),
    _option(
        "--monitor",
        type=click.Choice(list(MONITORS)),
        default="validation-accuracy",
        for_tables=TABLE["monitor"],
        help="By what epochs are compared.",
    ),
    _option(
        "--early-stopping",
        type=int,
        metavar="PATIENCE",
        default=0,
        help="End after so many epochs without a better one; 0: after all epochs.",
    ),
)
