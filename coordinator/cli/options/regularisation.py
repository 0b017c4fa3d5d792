"""Options against learning by heart."""

from pathlib import Path

import click

from coordinator.cli.option import REGULARISATION, group, in_section
from coordinator.cli.types import Read
from coordinator.options.configuration import BALANCED

_option = in_section(REGULARISATION)

regularisation_options = group(
    _option("--l1", type=float, default=0.0, help="Penalty on the sizes of weights."),
    _option("--l2", type=float, default=0.0, help="Penalty on their squares: Nielsen's lambda."),
    _option("--max-norm", type=float, help="Largest norm of the weights into a neuron.  [default: none]"),
    _option("--dropout", type=float, default=0.0, help="Share of hidden neurons dropped in each step."),
    _option("--input-dropout", type=float, default=0.0, help="Share of inputs dropped."),
    _option(
        "--label-smoothing",
        type=float,
        default=0.0,
        help="How much of a class's 1 is spread over all classes.",
    ),
    _option(
        "--class-weights",
        type=Read("class_weights", "numbers"),
        metavar=f"WEIGHTS|{BALANCED}",
        help="By what the costs of each class's samples are multiplied; balanced: so that all classes count alike.  "
        "[default: 1 each]",
    ),
    _option(
        "--sample-weights",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="By what the cost of each training sample is multiplied: an .npy, or a text with a number on each line.",
    ),
    _option(
        "--augment",
        type=Read("augment", "deformations"),
        metavar="DEFORMATIONS",
        help="Deform the training images, freshly in every epoch: like elastic=3.6,rotate=9.",
    ),
)
