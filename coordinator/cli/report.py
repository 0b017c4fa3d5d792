"""`gradmq report`: a run as a page to look at, to keep and to send."""

from pathlib import Path

import click

from coordinator.api.reports import subject_of
from coordinator.cli.command import Command
from coordinator.cli.names import RunName
from coordinator.cli.option import OUTPUT, in_section
from coordinator.cli.options.data import own_data_option
from coordinator.cli.options.output import runs_option
from coordinator.page.document import page
from coordinator.page.files import picture_files
from coordinator.page.text import from_here
from coordinator.reporting.log_handlers import start_logging
from coordinator.runs.atomic import write_whole
from coordinator.runs.run import RunFolder

_output = in_section(OUTPUT)


@click.command(short_help="Make a page of a run: curves, mistakes, weights.", cls=Command)
@click.argument("name", metavar="RUN", type=RunName())
@_output(
    *("-o", "--output"),
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page's file.  [default: report.html in the run's folder]",
)
@_output(
    "--pictures",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the pictures as files too: drawings as SVG, images as PNG.",
)
@own_data_option
@runs_option
def report(name: str, output: Path | None, pictures: Path | None, data: Path | None, runs: Path) -> None:
    """Write a run's report: one HTML file, which needs no other and no network.

    It has the curves of cost and accuracy, the classes that are confused, the samples that are most wrong, the weights
    of the first layer, who computed what and when, and how to compute it again.
    """
    start_logging()
    run = RunFolder.open(name, runs)
    subject = subject_of(run, data)
    _write(output or run.folder / "report.html", page(subject).encode())
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        for file, content in picture_files(subject).items():
            _write(pictures / file, content)


def _write(file: Path, content: bytes) -> None:
    write_whole(file, lambda written: written.write(content))
    click.echo(f"{from_here(file)}: {len(content) / 1000:.0f} kB")
