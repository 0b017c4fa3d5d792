"""Options of what is told and kept, and where."""

from pathlib import Path

import click

from coordinator.cli.option import OUTPUT, group, in_section
from coordinator.reporting.watching import IN_THE_RUN
from coordinator.runs.lookup import DEFAULT_RUNS
from shared import logs
from shared.metrics_endpoint import LOOPBACK

_option = in_section(OUTPUT)

runs_option = _option(
    "--runs",
    type=click.Path(path_type=Path),
    default=str(DEFAULT_RUNS),
    help="Folder for the runs' folders.",
)
endpoint_options = (
    _option(
        "--metrics-port",
        type=click.IntRange(1, 65535),
        envvar="GRADMQ_METRICS_PORT",
        help="Serve metrics for Prometheus on this port.",
    ),
    _option(
        "--metrics-host",
        envvar="GRADMQ_METRICS_HOST",
        default=LOOPBACK,
        help="Address of this machine to serve them on.",
    ),
)
log_format_option = _option(
    "--log-format",
    type=click.Choice(logs.FORMATS),
    envvar="GRADMQ_LOG_FORMAT",
    default="text",
    help="Of lines on standard output and standard error.",
)
watching_options = group(
    _option(
        "--tensorboard",
        is_flag=False,
        flag_value=IN_THE_RUN,
        metavar="[DIR]",
        help="Write event files for TensorBoard, into DIR, a folder for each run; without DIR into the run's own.",
    ),
    _option(
        "--csv",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write the epochs' figures into this file too, which may have other runs' already.",
    ),
    _option(
        "--mlflow",
        metavar="URL",
        help="Tell the MLflow server there of options and epochs.",
    ),
    *endpoint_options,
    _option("--quiet", "-q", is_flag=True, help="Tell nothing but the result, and what goes wrong."),
    _option("--verbose", "-v", is_flag=True, help="Tell of each window of steps, too."),
)
