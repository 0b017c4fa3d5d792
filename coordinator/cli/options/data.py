"""Options of the samples."""

from pathlib import Path

import click

from coordinator.cli.option import DATA, PARTS, group, in_section
from coordinator.cli.types import Read
from shared.data.dataset import DEFAULT_DATA, WANTED
from shared.data.new_encoding import IMPUTATIONS
from shared.data.options import SCALES, TASKS, TEST, VALIDATION

_option = in_section(DATA)
_part = in_section(PARTS)

data_option = _option(
    "--data",
    type=click.Path(path_type=Path),
    default=str(DEFAULT_DATA),
    help=f"The samples: {WANTED}.",
)
_reading_options = group(
    _option(
        "--target",
        type=Read("target", "names"),
        metavar="NAME[,NAME]",
        help="The columns to be predicted, by their names (where there are none, by their numbers from 0); of an .npy "
        "also the .npy of its labels.",
    ),
    _option(
        "--ignore",
        type=Read("ignore", "names"),
        metavar="NAME[,NAME]",
        help="Columns that are no inputs, like identifiers.",
    ),
    _option(
        "--task",
        type=click.Choice(list(TASKS)),
        help="What is to be predicted: "
        + "; ".join(f"{name}: {what}" for name, what in TASKS.items())
        + ".  [default: what the target looks like]",
    ),
    _option(
        "--impute",
        type=click.Choice(IMPUTATIONS),
        help="What is to stand for missing values; of texts it is the most frequent.  [default: they are refused]",
    ),
    _option(
        "--image-size",
        type=Read("image_size", "sizes"),
        metavar="HEIGHT,WIDTH",
        help="Scale the images of a folder to this size.  [default: they all have one]",
    ),
    _option(
        "--scale",
        type=click.Choice(list(SCALES)),
        help="; ".join(f"{name}: {what}" for name, what in SCALES.items()) + ".  [default: columns, but of bytes]",
    ),
)
_part_options = group(
    _part(
        "--test",
        type=Read("test", "share or path"),
        metavar="SHARE|PATH",
        help=f"Samples to test on: a share of all, or a file.  [default: {TEST:g}, if the data has none]",
    ),
    _part(
        "--validation",
        type=Read("validation", "share or path"),
        metavar="SHARE|PATH",
        help=f"Samples to choose epochs by, likewise.  [default: {VALIDATION:g}, if the data has none]",
    ),
    _part(
        "--fold",
        type=Read("fold", "fold"),
        metavar="N/K",
        help="Of the training samples in K folds, the one to choose epochs by, for a cross-validation; the others are "
        "learned from.",
    ),
    _part(
        "--stratify/--no-stratify",
        default=None,
        help="Whether each class has its share in each part.  [default: if there are classes]",
    ),
)
reading_options = group(_reading_options, _part_options)
train_samples_option = _part(
    "--train-samples",
    type=int,
    default=0,
    help="Learn from the first so many of the training samples alone; 0: from all.",
)
own_data_option = _option(
    "--data", type=click.Path(path_type=Path), help="Where the run's samples are now.  [default: where they were]"
)
