"""Options of what becomes of a gradient."""

from coordinator.cli.kinds import kind_options
from coordinator.cli.option import OPTIMIZER, group, in_section
from shared.config.suggestions import RATES, TABLE
from shared.optim.optimizers import OPTIMIZERS
from shared.optim.schedules import SCHEDULES

_option = in_section(OPTIMIZER)

optimizer_options = group(
    _option(
        *("--learning-rate", "--eta", "learning_rate"),
        type=float,
        default=3.0,
        for_tables=f"{TABLE['learning_rate']:g}, with sgd {RATES['sgd']:g}",
        help="Applied to the mean gradient of a mini-batch.",
    ),
    *kind_options("optimizer", OPTIMIZERS, "sgd", "What becomes of a gradient.", TABLE["optimizer"]),
    *kind_options("schedule", SCHEDULES, "constant", "Of the learning rate."),
    _option("--clip-norm", type=float, help="Largest norm of a mean gradient.  [default: none]"),
    _option(
        "--ema",
        type=float,
        default=0.0,
        help="Decay of an average of the weights, which then is evaluated and saved.",
    ),
)
