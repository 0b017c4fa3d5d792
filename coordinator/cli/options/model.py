"""Options of what learns: the network, its numbers, and where it begins."""

import click

from coordinator.cli.names import RunOrModel
from coordinator.cli.option import MODEL, group, in_section
from coordinator.cli.types import Read
from coordinator.options.configuration import AUTO
from shared.config.suggestions import LABELS, NUMBERS, TABLE
from shared.data.columns import STANDARDIZE
from shared.nn.activations import ACTIVATIONS
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.arithmetic.native import Native
from shared.nn.initializers import INITIALIZERS
from shared.nn.losses import LOSSES
from shared.nn.outputs import OUTPUTS

_option = in_section(MODEL)


sizes_options = group(
    _option(
        "--hidden",
        type=Read("hidden", "sizes"),
        help="Neurons of each hidden layer; the first and last layer are as the data needs them.  [default: 30]",
    ),
    _option(
        "--sizes", type=Read("sizes", "sizes"), help="Neurons of all layers instead, inputs first, like 784,30,10."
    ),
)
arithmetic_options = group(
    _option(
        "--arithmetic",
        type=click.Choice(list(ARITHMETICS)),
        default="exact",
        help="exact: the same bits everywhere; native: faster.",
    ),
    _option(
        "--dtype",
        type=click.Choice(list(Native.dtypes)),
        help="Of weights and gradients in native arithmetic.  [default: float32]",
    ),
)
model_options = group(
    sizes_options,
    _option(
        "--activation",
        type=click.Choice(list(ACTIVATIONS)),
        default="sigmoid",
        for_tables=TABLE["activation"],
        help="Of the hidden layers.",
    ),
    _option(
        "--output",
        type=click.Choice(list(OUTPUTS)),
        default="sigmoid",
        for_tables=f"{TABLE['output']}; for numbers to be predicted: {NUMBERS['output']}; for labels: "
        f"{LABELS['output']}",
        help="What the last layer makes of its sums.",
    ),
    _option(
        *("loss", "--loss", "--cost"),
        type=click.Choice(list(LOSSES)),
        help="What the steps make smaller.  [default: "
        + ", ".join(f"{output.loss} of {name}" for name, output in OUTPUTS.items())
        + f"; for labels: {LABELS['loss']}]",
    ),
    _option(
        "initializer",
        "--initializer",
        "--init",
        type=click.Choice(list(INITIALIZERS)),
        default="normal",
        for_tables=TABLE["initializer"],
        help="Of the first weights and biases.",
    ),
    _option(
        "--standardize",
        is_flag=False,
        flag_value=AUTO,
        type=Read("standardize", "numbers"),
        metavar="[MEAN,DEVIATION]",
        for_tables=",".join(f"{each:g}" for each in STANDARDIZE),
        help="Take this mean off the inputs and divide them by this deviation; those of the training samples, if it is "
        "given alone.",
    ),
    arithmetic_options,
    _option(
        *("--from", "start"),
        type=RunOrModel(),
        metavar="RUN|MODEL",
        help="Begin with the weights of a model, or of a run's model: for other data, or with other options.",
    ),
)
