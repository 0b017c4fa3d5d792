"""The command line, and what becomes of an error on it."""

import logging
import signal
from typing import Any

import click

from coordinator.cli.average import average
from coordinator.cli.data import convert, data_command
from coordinator.cli.doctor import doctor
from coordinator.cli.export import export_command
from coordinator.cli.inspect import evaluate, show
from coordinator.cli.plan import plan_command
from coordinator.cli.predict import predict_command
from coordinator.cli.publish import publish_command
from coordinator.cli.recipes import recipes_command
from coordinator.cli.report import report
from coordinator.cli.runs import runs_command
from coordinator.cli.sweep import sweep_command
from coordinator.cli.train import resume_command, train_command
from coordinator.cli.verify import verify
from coordinator.cli.worker import worker
from coordinator.reporting.log_handlers import start_logging
from shared import logs
from shared.errors import ConfigError, GradMQError, InternalError
from shared.signals import Stopped

_WRONG_INPUT, _DEFECT = 2, 70  # 70: EX_SOFTWARE of sysexits(3)

log = logging.getLogger("coordinator")


class _Program(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stopped:  # to which click would add an empty line
            raise click.Abort from stopped


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gradmq", message="%(prog)s %(version)s")
def cli() -> None:
    """Distributed training over a message queue: the same weights, to the last bit, on any number of workers."""


for command in (
    *(train_command, sweep_command, recipes_command, resume_command, worker, evaluate, average, show, verify),
    *(
        report,
        runs_command,
        predict_command,
        publish_command,
        export_command,
        data_command,
        convert,
        plan_command,
        doctor,
    ),
):
    cli.add_command(command)


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
        return _WRONG_INPUT
    except click.ClickException as error:
        return _complain(error.format_message())
    except ConfigError as error:
        return _complain(error.text("--" + error.field.replace("_", "-")))
    except InternalError as error:
        _complain(str(error))
        return _DEFECT
    except GradMQError as error:
        return _complain(str(error))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _complain(f"{place}{error.strerror or error}; check disk, permissions and where the output goes")
    except MemoryError:
        return _complain("this needs more memory than there is; choose smaller --sizes or --mini-batch-size")


def _complain(message: str) -> int:
    _say(" ".join(message.split()))
    return _WRONG_INPUT


def _say(message: str) -> None:
    """Print why the program ends."""
    if logs.log_format() == "json":
        start_logging()
        log.error(message)
    else:
        click.echo(f"gradmq: {logs.masked(message)}", err=True)
