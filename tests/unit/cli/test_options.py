"""What options stand for: a configuration, and what the run is computed with."""

import os

import click
import pytest

from coordinator.cli.train import resume_command, train_command
from coordinator.session import RunOptions
from shared.config import TrainConfig
from shared.config.checks import CHOICES
from shared.data.augment.options import Augmentation
from shared.errors import ConfigError
from shared.nn.losses import LOSSES
from shared.nn.outputs import OUTPUTS
from shared.optim.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Nesterov, RMSprop
from shared.optim.schedules import SCHEDULES, Constant, CosineDecay, Halving, Plateau, StepDecay
from shared.strategies import LocalSGD, SyncSGD
from tests.support import command_line

NOTEBOOK = TrainConfig(sizes=(784, 30, 10), epochs=30, mini_batch_size=10, learning_rate=3.0, strategy=SyncSGD())


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("GRADMQ_"):
            monkeypatch.delenv(name)


def config_of(line: str) -> TrainConfig:
    return command_line.config_of(line.split())


def run_options_of(line: str) -> RunOptions:
    return command_line.parsed(line.split())[0]


def said(error: ConfigError | click.UsageError) -> str:
    """What the command line makes of an error."""
    if isinstance(error, ConfigError):
        return error.text("--" + error.field.replace("_", "-"))
    return error.format_message()


def test_without_options_it_is_the_notebooks_training():
    assert config_of("") == NOTEBOOK
    assert run_options_of("") == RunOptions()


@pytest.mark.parametrize("option", ["--learning-rate", "--eta"])
def test_the_learning_rate_has_the_notebooks_name_too(option):
    assert config_of(f"{option} 0.5").learning_rate == 0.5


@pytest.mark.parametrize(("name", "other"), [("--loss", "--cost"), ("--initializer", "--init")])
def test_an_option_has_the_name_that_one_would_guess_too(name, other):
    (param,) = [param for param in train_command.params if name in param.opts]
    assert param.opts == [name, other]
    for choice in param.type.choices:
        goes_with = f"--output {LOSSES[choice].outputs[0]}" if other == "--cost" else ""
        line = f"--arithmetic native {goes_with} {other} {choice}"
        assert getattr(config_of(line), param.name) == choice


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("--sizes 784,100,50,10", "sizes", (784, 100, 50, 10)),
        ("--hidden 100", "sizes", (784, 100, 10)),
        ("--hidden 100,50", "sizes", (784, 100, 50, 10)),
        ("--hidden 100,50 --sizes 784,100,50,10", "sizes", (784, 100, 50, 10)),
        ("--sizes 196,12,3", "sizes", (196, 12, 3)),  # which the data are compared with
        ("--train-samples 1000", "train_samples", 1000),
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
        ("--standardize 0.1307,0.3081", "standardize", (0.1307, 0.3081)),
        ("--dropout 0.5", "dropout", 0.5),
        ("--input-dropout 0.2", "input_dropout", 0.2),
        ("--label-smoothing 0.1", "label_smoothing", 0.1),
        ("--class-weights 1,1,1,1,1,1,1,1,1,2", "class_weights", (*[1.0] * 9, 2.0)),
        ("--augment elastic=4.3,shift", "augment", Augmentation(elastic=4.3, shift=1.0)),
        ("--augment shift", "image_shape", (28, 28)),
    ],
)
def test_an_option_decides_its_field(line, field, value):
    assert getattr(config_of(line), field) == value


@pytest.mark.parametrize("field", CHOICES)
def test_every_registry_has_an_option_with_its_choices(field):
    name = "--" + field.replace("_", "-")
    (param,) = [param for param in train_command.params if name in param.opts]
    assert list(param.type.choices) == list(CHOICES[field])
    assert getattr(NOTEBOOK, field) == (OUTPUTS[NOTEBOOK.output].loss if field == "loss" else param.default)
    for choice in CHOICES[field]:
        goes_with = f"--output {LOSSES[choice].outputs[0]}" if field == "loss" else ""
        assert getattr(config_of(f"--arithmetic native {goes_with} {name} {choice}"), field) == choice


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_output_has_its_own_loss(output):
    assert config_of(f"--output {output}").loss == OUTPUTS[output].loss


@pytest.mark.parametrize(("field", "kinds"), [("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)])
def test_every_kind_can_be_chosen_and_has_its_defaults(field, kinds):
    for name, kind in kinds.items():
        assert getattr(config_of(f"--{field} {name}"), field) == kind()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--optimizer adam --rho 1", "--rho goes with --optimizer rmsprop, not with adam, got 1.0"),
        ("--optimizer rmsprop --rho 1", "--rho must be at least 0 and below 1, got 1.0"),
        ("--schedule step --schedule-factor 2", "--schedule-factor must be above 0 and at most 1, got 2.0"),
        ("--schedule step --schedule-every 0", "--schedule-every must be at least 1, got 0"),
    ],
)
def test_an_option_of_a_kind_is_named_as_its_user_knows_it(line, message):
    with pytest.raises((ConfigError, click.UsageError)) as refused:
        config_of(line)
    assert said(refused.value) == message


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


def test_resume_takes_what_a_run_is_computed_with_and_how_far_it_goes_and_nothing_else():
    run_options, left = command_line.parsed(
        ["some-run", "--workers", "3", "--audit", "0.5", "--epochs", "60"], resume_command
    )
    assert run_options == RunOptions(workers=3, audit=0.5)
    assert left == {"epochs": 60}
    with pytest.raises(click.NoSuchOption):
        command_line.parsed(["some-run", "--learning-rate", "1"], resume_command)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--hidden 30 --sizes 784,20,10", "--hidden must agree with --sizes 784,20,10, got 30; give one of them"),
        ("--standardize 0.1", "'0.1' is no list of 2 numbers; for MNIST, give 0.1307,0.3081"),
        ("--class-weights 1,x", "'1,x' is no list of numbers; give one for each class, like 1,1,2"),
        ("--hidden 30,x", "'30,x' is no list of layer sizes; give one or more, like 100,50"),
        ("--replicas 3", "--replicas goes with --local-steps"),
        ("--outer-momentum 0.5", "--outer-momentum goes with --local-steps"),
        ("--local-steps 5 --shards 2", "--shards goes with synchronous SGD"),
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
    with pytest.raises((ConfigError, click.UsageError)) as refused:
        config_of(line)
    assert message in said(refused.value)


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
