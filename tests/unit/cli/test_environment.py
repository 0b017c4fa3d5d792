"""Options from variables of the environment: below the command line, above files; and no surprise for anybody."""

import json
import os
from collections.abc import Iterator

import click
import pytest

from coordinator.cli.main import cli
from coordinator.cli.option import Option
from tests.support.mnist import PROJECT

# What GRADMQ_… means elsewhere: to workers, to docker-compose.yml, to the tests.
_ELSEWHERE = "DATA HEALTH_FILE MEMORY MUTATIONS SEED FAULTS IMAGE OPTIONS RUNS USER REVISION CREATED LOG_LEVEL THREADS"
OTHERS = {f"GRADMQ_{name}" for name in _ELSEWHERE.split()}


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("GRADMQ_"):
            monkeypatch.delenv(name)


@pytest.fixture
def trained(main_here, small_data, tmp_path, monkeypatch, capsys):
    """The configuration of the run that a command line begins with these variables, in one process."""

    def train(*options: str, **variables: str) -> dict:
        before = set(tmp_path.glob("runs/*"))
        with monkeypatch.context() as environment:
            for name, value in {"WORKERS": "0", "DATA": str(small_data), **variables}.items():
                environment.setenv(name if name.startswith("GRADMQ_") else f"GRADMQ_TRAIN_{name}", value)
            code = main_here("train", *options)
        assert code == 0, capsys.readouterr().err
        (new,) = set(tmp_path.glob("runs/*")) - before
        return json.loads((new / "config.json").read_text())

    return train


@pytest.fixture
def refused(main_here, monkeypatch, capsys):
    """The one line that a command line ends with, with these variables."""

    def run(*arguments: str, code: int = 2, **variables: str) -> str:
        with monkeypatch.context() as environment:
            for name, value in variables.items():
                environment.setenv(name, value)
            found = main_here(*arguments)
        output = capsys.readouterr()
        assert (found, output.err.count("\n")) == (code, 1), output
        return output.err.removeprefix("gradmq: ").strip()

    return run


def contexts(parent: click.Context | None = None) -> Iterator[click.Context]:
    """A context of each command, as if it had been called."""
    if parent is None:
        parent = cli.make_context("gradmq", [], resilient_parsing=True)
    for name, command in parent.command.commands.items():
        ctx = click.Context(command, parent=parent, info_name=name)
        yield ctx
        if isinstance(command, click.Group):
            yield from contexts(ctx)


def test_what_would_do_nothing_is_left_out_beside_what_is_typed_and_refused_beside_another_variable(trained, refused):
    assert trained("--workers", "0", "--epochs", "1", AUDIT="0.5", BATCHES_PER_TASK="7")["epochs"] == 1
    line = refused("train", GRADMQ_TRAIN_WORKERS="0", GRADMQ_TRAIN_AUDIT="0.5")
    assert line.startswith("--audit is about the replies of workers")
    assert line.endswith("--audit is from GRADMQ_TRAIN_AUDIT") and "--workers is from GRADMQ_TRAIN_WORKERS" in line


def test_every_option_of_every_command_has_a_variable_of_its_own():
    for ctx in contexts():
        variables = {}
        for option in ctx.command.params:
            if isinstance(option, click.Option):
                assert isinstance(option, Option), f"{ctx.command_path}: {option.opts} was made by click.option"
                variables[option.variable(ctx)] = option
        assert len(variables) == sum(isinstance(param, click.Option) for param in ctx.command.params)
        for variable, option in variables.items():
            if option.envvar is None:
                name = next(name for name in option.opts if name.startswith("--")).removeprefix("--")
                assert variable == f"{ctx.command_path} {name}".upper().replace(" ", "_").replace("-", "_")
                assert variable not in OTHERS


def test_the_command_line_stands_above_the_environment_and_that_above_files(trained, tmp_path):
    (tmp_path / "mine.toml").write_text("epochs = 3\nseed = 3\nhidden = [7]\nlearning-rate = 0.5\n")
    variables = {"CONFIG": "mine.toml", "EPOCHS": "2", "SEED": "2"}
    config = trained("--seed", "1", **variables)
    assert (config["seed"], config["epochs"], config["sizes"], config["learning_rate"], config["l2"]) == (
        *(1, 2, [196, 7, 10], 0.5),
        0.0,
    )


@pytest.mark.parametrize(
    ("options", "variables", "field", "value"),
    [
        ("", {"HIDDEN": "9,8", "EPOCHS": "1"}, "sizes", [196, 9, 8, 10]),
        ("", {"LEARNING_RATE": "", "EPOCHS": "1"}, "learning_rate", 3.0),  # as if it were not there
        ("--hidden 5", {"SIZES": "196,12,10", "EPOCHS": "1"}, "sizes", [196, 5, 10]),
        ("--arithmetic exact", {"ARITHMETIC": "native", "DTYPE": "float64", "EPOCHS": "1"}, "arithmetic", "exact"),
        ("--verbose", {"QUIET": "true", "EPOCHS": "1"}, "epochs", 1),
        ("--epochs 1", {"EPOCHS": "many"}, "epochs", 1),  # which nobody looks at
        ("--epochs 1", {"GRADMQ_REDIS_URL": "redis://127.0.0.1:1"}, "epochs", 1),  # the special one is nearer
        ("--epochs 1", {"GRADMQ_RESUME_EPOCHS": "7", "GRADMQ_VERIFY_EPOCHS": "x", "GRADMQ_SEED": "5"}, "seed", 0),
        ("--epochs 1", {"GRADMQ_VERSION": "3", "GRADMQ_HELP": "1", "HELP": "1"}, "seed", 0),
    ],
)
def test_a_variable_stands_for_an_option_that_is_not_given(trained, options, variables, field, value):
    assert trained(*options.split(), **variables)[field] == value


@pytest.mark.parametrize(("text", "is_quiet"), [("1", True), ("yes", True), ("false", False), ("0", False)])
def test_what_is_switched_on_or_off_is_true_or_false(trained, capsys, text, is_quiet):
    trained(EPOCHS="1", QUIET=text)
    assert capsys.readouterr().out.startswith("best epoch") == is_quiet


@pytest.mark.parametrize(
    ("arguments", "variables", "line"),
    [
        ("train", {"EPOCHS": "many"}, "Invalid value for '--epochs': 'many' is not a valid integer"),
        ("train", {"EPOCHS": "0"}, "--epochs must be at least 1, got 0"),
        ("train", {"QUIET": "maybe"}, "Invalid value for '--quiet' / '-q': 'maybe' is not a valid boolean"),
        ("train", {"OPTIMIZER": "best"}, "Invalid value for '--optimizer': 'best' is not one of"),
        ("train", {"HIDDEN": "3;4"}, "Invalid value for '--hidden': '3;4' is no list of layer sizes"),
        ("train", {"CLASS_WEIGHTS": "a,b"}, "Invalid value for '--class-weights': 'a,b' is no list of numbers"),
        ("train", {"AUGMENT": "bent=3"}, "--augment"),
        ("train", {"DATA": "nowhere"}, "nowhere cannot be read: No such file or directory"),
        ("train", {"CONFIG": "nowhere.toml"}, "nowhere.toml cannot be read"),
        ("train", {"RECIPE": "mud-pie"}, "mud-pie"),
        ("train", {"METRICS_PORT": "tcp://10.0.0.1:80"}, "Invalid value for '--metrics-port'"),
        ("plan", {"RTT": "-1"}, "--rtt must be a number of milliseconds from 0 to 60000"),
        ("runs compare a b", {"JSON": "maybe"}, "Invalid value for '--json': 'maybe' is not a valid boolean"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(refused, small_data, arguments, variables, line):
    ((name, value),) = variables.items()
    prefix = "" if name == "METRICS_PORT" else "_".join(arguments.split()[:2] if "runs" in arguments else [arguments])
    variable = f"GRADMQ_{prefix.upper()}_{name}".replace("__", "_")
    said = refused(*arguments.split(), **{"GRADMQ_TRAIN_DATA": str(small_data), variable: value})
    assert said.startswith(line) or line in said
    assert said.endswith(f"; --{name.lower().replace('_', '-')} is from {variable}")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GRADMQ_TRAIN_EPOCH", "GRADMQ_TRAIN_EPOCHS"),
        ("GRADMQ_TRAIN_ETA", "GRADMQ_TRAIN_LEARNING_RATE"),
        ("GRADMQ_TRAIN_REDIS", "GRADMQ_REDIS_URL"),
    ],
)
def test_a_misspelt_variable_is_not_passed_over(refused, name, meant):
    assert refused("train", **{name: "5"}) == f"{name} is no variable of `gradmq train`; did you mean {meant}?"


def test_other_variables_of_that_name_are(trained):
    kubernetes = {"GRADMQ_TRAIN_METRICS_PORT": "tcp://10.0.0.1:9464", "GRADMQ_TRAIN_SERVICE_HOST": "10.0.0.1"}
    assert trained("--epochs", "1", **kubernetes)["epochs"] == 1


def test_two_that_do_not_go_together_are_both_named(refused, small_data):
    both = {"GRADMQ_TRAIN_HIDDEN": "30", "GRADMQ_TRAIN_SIZES": "196,20,10", "GRADMQ_TRAIN_WORKERS": "0"}
    said = refused("train", "--data", str(small_data), **both)
    assert "--hidden is from GRADMQ_TRAIN_HIDDEN; --sizes is from GRADMQ_TRAIN_SIZES" in said


def test_what_was_typed_is_not_said_to_be_from_a_variable(refused, small_data):
    variables = {"GRADMQ_TRAIN_DATA": str(small_data), "GRADMQ_TRAIN_EPOCHS": "5", "GRADMQ_TRAIN_WORKERS": "0"}
    said = refused("train", "--epochs", "0", **variables)
    assert "GRADMQ" not in said


def test_an_address_is_named_with_its_variable_and_without_its_password(refused, monkeypatch):
    monkeypatch.setattr("coordinator.cluster.preflight._START", 0.0)
    said = refused("train", code=69, GRADMQ_REDIS_URL="redis://:guess@127.0.0.1:1")
    assert said.endswith("; --redis is from GRADMQ_REDIS_URL")
    assert "guess" not in said


def test_help_tells_how_variables_are_named(main_here, capsys):
    assert main_here("train", "-h") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "GRADMQ_TRAIN_RECIPE stands for --recipe" in text
    assert "[env var: GRADMQ_REDIS_URL]" in text


def test_the_documentation_says_how_too():
    assert "GRADMQ_TRAIN_EPOCHS" in (PROJECT / "docs" / "commands.md").read_text()
