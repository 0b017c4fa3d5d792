"""Options of what a step consists of, and how it can be divided."""

import click

from coordinator.cli.option import DIVISION, group, in_section

_option = in_section(DIVISION)

strategy_options = group(
    _option(
        "--shards",
        type=int,
        help="Slices of a mini-batch in native arithmetic, among which it can be divided; they decide the bits.  "
        "[default: by its size, 2 for 10 samples, 4 for 100, 8 for 2,000; 1 with --workers 0]",
    ),
    _option(
        "--local-steps",
        type=click.IntRange(min=0),
        default=0,
        help="Steps that each replica takes alone before the next average; 0: synchronous SGD.",
    ),
    _option("--replicas", type=int, help="Replicas of the weights that take local steps.  [default: 2]"),
)
outer_momentum_option = _option(
    "--outer-momentum", type=float, help="Of the replicas' mean pseudo-gradient.  [default: 0]"
)
