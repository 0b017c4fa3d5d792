"""`gradmq doctor`: does this machine compute what every other does?"""

import click

from coordinator.cli.command import Command
from coordinator.cli.exit_codes import DIFFERENT
from coordinator.doctor import report
from coordinator.doctor.candidates import candidates
from coordinator.doctor.examination import examine


@click.command(short_help="Check that this machine's arithmetic is everyone's.", cls=Command)
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Compute a fixed problem with every kernel that this machine can run, and compare.

    In exact arithmetic all must give the same digest; in native arithmetic equal digests tell whose bits are equal.
    """
    click.echo(report.machine())
    findings = list(examine(candidates()))
    click.echo(report.table(findings))
    verdict = report.verdict(findings)
    click.echo(verdict.text)
    if not verdict.healthy:
        ctx.exit(DIFFERENT)
