"""What options stand for: a configuration, and what the run is computed with."""

import os
from typing import Any

import click
import pytest

from coordinator.cli import options
from coordinator.cli.train import resume_command, train_command
from coordinator.session import RunOptions
from shared.config import _CHOICES, TrainConfig
from shared.errors import ConfigError
from shared.optim.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Nesterov, RMSprop
from shared.optim.schedules import SCHEDULES, Constant, CosineDecay, Halving, Plateau, StepDecay
from shared.strategies import LocalSGD, SyncSGD

NOTEBOOK = TrainConfig(sizes=(784, 30, 10), epochs=30, mini_batch_size=10, learning_rate=3.0, strategy=SyncSGD())


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("GRADMQ_"):
            monkeypatch.delenv(name)


def parsed(line: str, command: click.Command = train_command) -> tuple[RunOptions, dict[str, Any]]:
    """What a command line of `train` (or `resume`) stands for."""
    with command.make_context(command.name, line.split()) as ctx:
        given = dict(ctx.params)
        for name in ("data", "runs", "log_format", "name"):
            given.pop(name, None)
        return options.to_run_options(ctx, given), given


def config_of(line: str) -> TrainConfig:
    run_options, given = parsed(line)
    return options.to_config(given, alone=run_options.workers == 0)


def run_options_of(line: str) -> RunOptions:
    return parsed(line)[0]


def test_without_options_it_is_the_notebooks_training():
    assert config_of("") == NOTEBOOK
    assert run_options_of("") == RunOptions()


@pytest.mark.parametrize("option", ["--learning-rate", "--eta"])
def test_the_learning_rate_has_the_notebooks_name_too(option):
    assert config_of(f"{option} 0.5").learning_rate == 0.5


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("--sizes 784,100,50,10", "sizes", (784, 100, 50, 10)),
        ("--epochs 3", "epochs", 3),
        ("--seed 7", "seed", 7),
        ("--arithmetic native", "dtype", "float32"),
        ("--arithmetic native --dtype float64", "dtype", "float64"),
        ("--dtype float64", "dtype", "float64"),  # which it is anyway
        ("--mini-batch-size 100", "strategy", SyncSGD()),
        ("--arithmetic native", "strategy", SyncSGD(shards=2)),
        ("--arithmetic native --mini-batch-size 100", "strategy", SyncSGD(shards=4)),  # by its size
        ("--arithmetic native --mini-batch-size 100 --workers 0", "strategy", SyncSGD(shards=1)),  # nobody shares it
        ("--arithmetic native --mini-batch-size 100 --shards 7", "strategy", SyncSGD(shards=7)),
        ("--arithmetic native --shards 7 --workers 0", "strategy", SyncSGD(shards=7)),
        ("--local-steps 5", "strategy", LocalSGD(local_steps=5, replicas=2, outer_momentum=0.0)),
        ("--local-steps 5 --replicas 3", "strategy", LocalSGD(local_steps=5, replicas=3)),
        ("--local-steps 5 --outer-momentum 0.9", "strategy", LocalSGD(local_steps=5, outer_momentum=0.9)),
        ("--local-steps 0 --arithmetic native --shards 3", "strategy", SyncSGD(shards=3)),
        ("", "optimizer", SGD()),
        ("--optimizer nesterov", "optimizer", Nesterov(0.9)),
        ("--optimizer nesterov --momentum 0.5", "optimizer", Nesterov(0.5)),
        ("--optimizer rmsprop --rho 0.9 --epsilon 1e-4", "optimizer", RMSprop(0.9, 1e-4)),
        ("--optimizer adam --beta1 0.8 --beta2 0.99", "optimizer", Adam(0.8, 0.99)),
        ("--optimizer adamw --weight-decay 0.1", "optimizer", AdamW(weight_decay=0.1)),
        ("", "schedule", Constant()),
        ("--warm-up 100", "schedule", Constant(warm_up=100)),
        ("--schedule cosine --warm-up 0.02", "schedule", CosineDecay(warm_up=0.02)),
        ("--schedule step --schedule-every 3 --schedule-factor 0.1", "schedule", StepDecay(every=3, decay=0.1)),
        ("--schedule plateau --patience 3", "schedule", Plateau(patience=3)),
        ("--schedule halving --schedule-limit 0.1", "schedule", Halving(limit=0.1)),
        ("--l1 0.5", "l1", 0.5),
        ("--l2 5", "l2", 5.0),
        ("--clip-norm 1", "clip_norm", 1.0),
        ("--max-norm 3", "max_norm", 3.0),
        ("--ema 0.99", "ema", 0.99),
    ],
)
def test_an_option_decides_its_field(line, field, value):
    assert getattr(config_of(line), field) == value


@pytest.mark.parametrize("field", _CHOICES)
def test_every_registry_has_an_option_with_its_choices(field):
    name = "--" + field.replace("_", "-")
    (param,) = [param for param in train_command.params if name in param.opts]
    assert list(param.type.choices) == list(_CHOICES[field])
    assert param.default == getattr(NOTEBOOK, field)
    for choice in _CHOICES[field]:
        assert getattr(config_of(f"--arithmetic native {name} {choice}"), field) == choice


@pytest.mark.parametrize(("field", "kinds"), [("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)])
def test_every_kind_can_be_chosen_and_has_its_defaults(field, kinds):
    for name, kind in kinds.items():
        assert getattr(config_of(f"--{field} {name}"), field) == kind()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--optimizer adam --rho 1", "--rho goes with --optimizer rmsprop, not with adam"),
        ("--optimizer rmsprop --rho 1", "--rho must be at least 0 and below 1, got 1.0"),
        ("--schedule step --schedule-factor 2", "--schedule-factor must be above 0 and at most 1, got 2.0"),
        ("--schedule step --schedule-every 0", "--schedule-every must be at least 1, got 0"),
    ],
)
def test_an_option_of_a_kind_is_named_as_its_user_knows_it(line, message):
    with pytest.raises((ConfigError, click.UsageError)) as refused:
        config_of(line)
    error = refused.value
    found = error.text("--" + error.field.replace("_", "-")) if isinstance(error, ConfigError) else str(error)
    assert found == message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--workers 0", RunOptions(workers=0)),
        ("--workers 4 --flower 5555", RunOptions(workers=4, flower_port=5555)),
        ("--redis redis://host/0", RunOptions(redis="redis://host/0")),
        (
            "--redis redis://host/0 --broker amqp://host//",
            RunOptions(redis="redis://host/0", broker="amqp://host//"),
        ),
        ("--batches-per-task 50 --audit 0.01", RunOptions(batches_per_task=50, audit=0.01)),
    ],
)
def test_what_a_run_is_computed_with_changes_nothing_of_its_configuration(line, expected):
    assert run_options_of(line) == expected
    assert config_of(line) == NOTEBOOK


def test_resume_takes_what_a_run_is_computed_with_and_nothing_else():
    run_options, left = parsed("some-run --workers 3 --audit 0.5", resume_command)
    assert run_options == RunOptions(workers=3, audit=0.5)
    assert left == {}
    with pytest.raises(click.NoSuchOption):
        parsed("some-run --learning-rate 1", resume_command)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--replicas 3", "--replicas goes with --local-steps"),
        ("--outer-momentum 0.5", "--outer-momentum goes with --local-steps"),
        ("--replicas 3 --outer-momentum 0.5", "--replicas and --outer-momentum go with --local-steps"),
        ("--local-steps 5 --shards 2", "--shards 2 goes with synchronous SGD"),
        ("--local-steps -1", "-1 is not in the range"),
        ("--momentum 0.5", "--momentum goes with --optimizer momentum or nesterov or rmsprop, not with sgd"),
        ("--optimizer sgd --beta1 0", "--beta1 goes with --optimizer adam or adamw, not with sgd"),
        ("--optimizer adam --weight-decay 1", "--weight-decay goes with --optimizer adamw, not with adam"),
        ("--schedule cosine --patience 3", "--patience goes with --schedule plateau or halving, not with cosine"),
        ("--schedule-every 3", "--schedule-every goes with --schedule step, not with constant"),
        ("--workers 2 --redis redis://host/0", "--workers starts a Redis of its own and --redis uses another"),
        ("--broker amqp://host//", "--broker goes with --redis"),
        ("--workers 0 --flower 5555", "it starts none"),
        ("--redis redis://host/0 --flower 5555", "it starts none"),
        ("--redis", "requires an argument"),
    ],
)
def test_options_that_do_not_fit_each_other_are_refused(line, message):
    with pytest.raises(click.UsageError) as refused:
        config_of(line)
    assert message in refused.value.format_message()


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.setenv("GRADMQ_REDIS_URL", "redis://host/0")
    monkeypatch.setenv("GRADMQ_BROKER_URL", "amqp://host//")


@pytest.mark.usefixtures("environment")
def test_addresses_may_come_from_the_environment():
    assert run_options_of("") == RunOptions(redis="redis://host/0", broker="amqp://host//")


@pytest.mark.usefixtures("environment")
def test_the_command_line_is_more_particular_than_the_environment():
    assert run_options_of("--workers 2") == RunOptions(workers=2)
    assert run_options_of("--redis redis://other/0").redis == "redis://other/0"
