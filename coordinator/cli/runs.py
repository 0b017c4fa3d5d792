"""`gradmq runs`: the runs that there are, how two of them differ, and removing some."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from coordinator.cli import overview
from coordinator.cli.command import Command, Group
from coordinator.cli.exit_codes import DIFFERENT
from coordinator.cli.names import RunName
from coordinator.cli.option import OUTPUT, in_section
from coordinator.cli.options.output import DEFAULT_RUNS, runs_option
from coordinator.runs.comparison import compare
from coordinator.runs.removal import Removal
from coordinator.runs.run import RunFolder
from coordinator.runs.summary import summaries
from coordinator.sweeps.summary import summaries as sweep_summaries

_output = in_section(OUTPUT)
json_option = _output("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
# Beside that of `gradmq runs` itself: people write options last.
own_runs_option = _output(
    "--runs",
    type=click.Path(path_type=Path),
    default=lambda: click.get_current_context().obj,
    show_default=False,
    help=f"Folder for the runs' folders.  [default: {DEFAULT_RUNS}]",
)


@click.group("runs", invoke_without_command=True, short_help="List the runs, compare two, remove some.", cls=Group)
@runs_option
@json_option
@click.pass_context
def runs_command(ctx: click.Context, runs: Path, as_json: bool) -> None:
    """List the runs: what each is, how far it is, what came of it; and below them the sweeps.

    The state is *running* while a coordinator drives the run; one that is *stopped* can be resumed. The runs of a sweep
    are in its folder: --runs SWEEP.
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = runs
        return
    found = [*summaries(runs)]
    if as_json:
        click.echo(json.dumps([asdict(run) for run in found], indent=2))
        return
    sweeps = [*sweep_summaries(runs)]
    if found:
        click.echo(overview.runs_table(found))
    if found and sweeps:
        click.echo()
    if sweeps:
        click.echo(overview.sweeps_table(sweeps, runs))
    if not found and not sweeps:
        where = "" if runs == DEFAULT_RUNS else f" --runs {runs}"
        click.echo(f"there is no run in {runs}; begin one with: gradmq train{where}")


@runs_command.command("rm", short_help="Remove runs.", cls=Command)
@click.argument("names", metavar="RUN...", type=RunName(), nargs=-1, required=True)
@in_section("Options")("--yes", is_flag=True, help="Do not ask.")
@own_runs_option
def remove(names: tuple[str, ...], yes: bool, runs: Path) -> None:
    """Remove the folders of runs, with models, checkpoints and logs.

    A run that a coordinator drives stays; then nothing is removed at all.
    """
    with Removal(names, runs) as removal:
        if not yes:
            try:
                click.confirm(overview.removal_question(removal.folders, removal.nbytes), abort=True, err=True)
            except click.Abort:
                raise click.UsageError("nothing was removed; give --yes to do it without a question") from None
        removal.remove()
    for folder in removal.folders:
        click.echo(f"removed {folder}")


@runs_command.command("compare", short_help="Show how two runs differ.", cls=Command)
@click.argument("first", metavar="RUN", type=RunName())
@click.argument("second", metavar="RUN", type=RunName())
@json_option
@own_runs_option
@click.pass_context
def compare_command(ctx: click.Context, first: str, second: str, as_json: bool, runs: Path) -> None:
    """Show how the configurations of two runs differ, and their epochs side by side.

    The exit code is 1 if an epoch that both have left other weights.
    """
    found = compare(RunFolder.open(first, runs), RunFolder.open(second, runs))
    click.echo(json.dumps(found.to_json(), indent=2) if as_json else overview.comparison(found))
    if found.first_other_weights is not None:
        ctx.exit(DIFFERENT)
