"""The command line, and what becomes of an error on it."""

import logging
import os
import signal
import sys
import traceback
from typing import Any

import click

from coordinator.cli.command import Group
from coordinator.cli.exit_codes import DEFECT, WRONG_INPUT, exit_code
from coordinator.cli.messages import message
from coordinator.reporting.log_handlers import start_logging
from shared import logs
from shared.errors import GradMQError
from shared.signals import Stopped

log = logging.getLogger("coordinator")


class _Program(Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stopped:  # to which click would add an empty line
            raise click.Abort from stopped
        except BrokenPipeError:  # which click would make a 1 of, as if something were different
            _drop_output()
            raise click.exceptions.Exit(128 + signal.SIGPIPE) from None


@click.group(cls=_Program, context_settings={"auto_envvar_prefix": "GRADMQ"})
@click.version_option(package_name="gradmq", message="%(prog)s %(version)s", allow_from_autoenv=False)
def cli() -> None:
    """Distributed training over a message queue: the same weights, to the last bit, on any number of workers."""


cli.add_section(
    "Train",
    train="coordinator.cli.train:train_command",
    resume="coordinator.cli.train:resume_command",
    sweep="coordinator.cli.sweep:sweep_command",
    recipes="coordinator.cli.recipes:recipes_command",
    plan="coordinator.cli.plan:plan_command",
)
cli.add_section(
    "Look",
    data="coordinator.cli.data:data_command",
    runs="coordinator.cli.runs:runs_command",
    show="coordinator.cli.inspect:show",
    report="coordinator.cli.report:report",
    evaluate="coordinator.cli.inspect:evaluate",
    verify="coordinator.cli.verify:verify",
)
cli.add_section(
    "Use",
    predict="coordinator.cli.predict:predict_command",
    export="coordinator.cli.export:export_command",
    publish="coordinator.cli.publish:publish_command",
    average="coordinator.cli.average:average",
    convert="coordinator.cli.data:convert",
)
cli.add_section(
    "Operate",
    worker="coordinator.cli.worker:worker",
    doctor="coordinator.cli.doctor:doctor",
)


def run() -> int:
    """Run the command line; return the exit code."""
    try:
        return cli.main(prog_name="gradmq", standalone_mode=False) or 0  # what a command's `ctx.exit` was given
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort as abort:  # which is what click makes of a KeyboardInterrupt
        _say("stopped")
        return 128 + (abort.__cause__.signal_number if isinstance(abort.__cause__, Stopped) else signal.SIGINT)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG_INPUT
    except (click.ClickException, GradMQError, OSError, MemoryError) as error:
        _drop_output()
        _say(message(error))
        return exit_code(error)
    except Exception as error:
        click.echo(logs.masked(traceback.format_exc()), err=True, nl=False)
        _say(f"a defect of GradMQ: {message(error) or type(error).__name__}; please report it with the lines above")
        return DEFECT


def _drop_output() -> None:
    """Forget what standard output cannot take: at its end Python would try again, and complain by itself."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    """Print why the program ends."""
    if logs.log_format() == "json":
        start_logging()
        log.error(text)
    else:
        click.echo(f"gradmq: {logs.masked(text)}", err=True)
