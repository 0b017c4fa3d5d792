"""`gradmq data` and `gradmq convert`: what is in a data set, and how to keep it as arrays."""

from pathlib import Path
from typing import Any

import click

from coordinator.cli.command import Command
from coordinator.cli.option import PARTS, in_section
from coordinator.cli.options.data import reading_options
from coordinator.options.reading import to_data_options
from coordinator.reporting import contents
from shared.data.array_writer import write_folder, write_npz
from shared.data.dataset import find_dataset, load_dataset
from shared.data.table_files import is_table, read_table

_seed_option = in_section(PARTS)("--seed", type=int, default=0, help="Of the division into parts, as in `train`.")


@click.command("data", short_help="Tell what is in a data set.", cls=Command)
@click.argument("path", type=click.Path(path_type=Path))
@reading_options
@_seed_option
def data_command(path: Path, seed: int, **given: Any) -> None:
    """Tell what is in a data set, and what `train` would make of it with these options.

    Of a table the columns are shown first, also if it cannot be used as it is.
    """
    options = to_data_options(given)
    path = find_dataset(path)
    if is_table(path):
        table = read_table(path)
        click.echo(f"{path}: {len(table)} rows, {len(table.names)} columns\n{contents.of_table(table)}")
        if not options.target:
            click.echo("say which column is to be predicted, like --target NAME, to see what a network gets of it")
            return
    click.echo(contents.of_dataset(load_dataset(path, options, seed)))


@click.command(short_help="Write a data set as arrays.", cls=Command)
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@reading_options
@_seed_option
def convert(path: Path, output: Path, seed: int, **given: Any) -> None:
    """Write a data set as an .npz, or as a folder of .npy files, divided and encoded as `train` would have it.

    What is trained on either has the bits of what is trained on the original. The files of a folder stay on the disk
    while a network learns from them.
    """
    options = to_data_options(given)
    if options.fold is not None:
        raise click.UsageError("--fold goes with `train`, which divides what was converted as it does the original")
    if output.suffix == ".npz":
        data = load_dataset(path, options, seed)
        write_npz(output, data)
    else:
        write_folder(output, path, options, seed)
        data = load_dataset(output)
    click.echo(f"{output}: {contents.of_dataset(data)}")
