"""Options from a file: a TOML, or the config.json of a run; and which of several places wins."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from coordinator.cli.settings_files import read_settings
from coordinator.cli.train import train_command
from coordinator.cluster import preflight
from coordinator.options.precedence import overlay
from shared.config import TrainConfig
from shared.data.augment.options import Augmentation
from shared.optim.optimizers import Adam, AdamW, Nesterov, RMSprop
from shared.optim.schedules import CosineDecay, Halving, Plateau, StepDecay
from shared.strategies import LocalSGD, SyncSGD
from tests.support.command_line import configured


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("GRADMQ_"):
            monkeypatch.delenv(name)


@pytest.fixture
def config_of(main_here, small_data, tmp_path, capsys) -> Callable[..., dict]:
    """The configuration of the run that a command line begins, here and on the small data."""

    def train(*arguments: object) -> dict:
        before = set(tmp_path.glob("runs/*"))
        code = main_here("train", "--workers", "0", "--data", str(small_data), *map(str, arguments))
        assert code == 0, capsys.readouterr().err
        (new,) = set(tmp_path.glob("runs/*")) - before
        return json.loads((new / "config.json").read_text())

    return train


@pytest.fixture(autouse=True)
def _small_recipe(monkeypatch, tmp_path):
    folder = tmp_path / "recipes"
    folder.mkdir()
    about = 'description = "d"\nreaches = "r"\ntakes = "t"\n'
    (folder / "small.toml").write_text(
        about + "hidden = [5]\nseed = 3\nepochs = 9\nlearning_rate = 1.0\nlocal-steps = 4"
    )
    monkeypatch.setattr("coordinator.recipes.catalogue._FOLDER", folder)


@pytest.fixture
def refused(main_here, capsys) -> Callable[..., str]:
    """The one line that a command line ends with."""

    def train(*arguments: object, code: int = 2) -> str:
        assert main_here("train", *map(str, arguments)) == code
        output = capsys.readouterr()
        assert (output.out, output.err.count("\n")) == ("", 1), output
        assert output.err.startswith("gradmq: ")
        return output.err.removeprefix("gradmq: ").strip()

    return train


def toml(text: str) -> Path:
    path = Path("mine.toml")
    path.write_text(text)
    return path


def config_json(**changes) -> Path:
    """What a run of these settings would leave."""
    fields = {"sizes": (784, 9, 10), "epochs": 7, "mini_batch_size": 20, "learning_rate": 0.5, "strategy": SyncSGD()}
    config = TrainConfig(**{**fields, **changes})
    path = Path("config.json")
    more = {"data": {"path": "somewhere", "training_sha256": "0" * 64}, "computed_on": [{"os": "Plan 9"}]}
    path.write_text(json.dumps({**config.to_json(), **more}))
    return path


def test_every_option_has_its_name_with_dashes_or_underscores(config_of):
    path = toml(
        'hidden = [7, 5]\nepochs = 1\nmini-batch-size = 20\nlearning_rate = 2\narithmetic = "native"\nshards = 3'
    )
    found = config_of("--config", path)
    assert found["sizes"] == [196, 7, 5, 10]
    assert (found["epochs"], found["mini_batch_size"], found["learning_rate"]) == (1, 20, 2.0)
    assert found["strategy"] == {"kind": "sync-sgd", "shards": 3}


def test_its_other_names_will_do_as_well():
    values = read_settings(
        toml('eta = 0.5\ncost = "quadratic"\ninit = "normal"\nflower = 5555\nfrom = "x"'), train_command
    )
    assert values.values == {
        "learning_rate": "0.5",
        "loss": "quadratic",
        "initializer": "normal",
        "flower_port": "5555",
        "start": "x",
    }


def test_what_a_run_is_computed_with_may_stand_there_too(config_of, tmp_path):
    found = config_of("--config", toml('epochs = 1\nruns = "elsewhere"\naudit = 0.5'), "--runs", "runs")
    assert found["epochs"] == 1
    assert not Path("elsewhere").exists()  # the command line wins


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('epochs = "1"', "mine.toml: epochs: '1' is not a number; `gradmq train -h` tells what it takes"),
        ("epochs = 1.5", "mine.toml: epochs: '1.5' is not a valid integer; `gradmq train -h` tells what it takes"),
        ("epochs = true", "mine.toml: epochs: True is not a number"),
        ("epochs = [1]", "mine.toml: epochs: [1] is not a number"),
        ("data = 2026-11-26", "mine.toml: data: 2026-11-26 is neither a number nor text nor a list of these"),
        ('hidden = [30, "x"]', "mine.toml: hidden: '30,x' is no list of layer sizes; give one or more, like 100,50"),
        ('arithmetic = "fuzzy"', "mine.toml: arithmetic: 'fuzzy' is not one of 'exact', 'native'"),
        ("flower = 0", "mine.toml: flower: 0 is not in the range"),
        ("epoch = 1", "mine.toml: there is no option epoch; did you mean epochs?"),
        ("colour = 1", "mine.toml: there is no option colour; `gradmq train -h` lists what there is"),
        ('recipe = "notebook"', "mine.toml: there is no option recipe; "),
        ('config = "other.toml"', "mine.toml: there is no option config; "),
        ("eta = 1\nlearning-rate = 1", "mine.toml: learning-rate is given by two of its names; give one of them"),
        ("epochs = 0", "--epochs must be at least 1, got 0"),
        ("epochs", "mine.toml is no TOML: "),
        ("workers = 1\nredis = 'redis://x'", "--workers starts a Redis of its own and --redis uses another"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line_with_its_name(refused, text, line):
    assert refused("--config", toml(text)).startswith(line)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("nowhere.toml", None, "nowhere.toml cannot be read: No such file or directory; give a TOML, or"),
        ("bytes.toml", b"\xff\xfe", "bytes.toml is no TOML: "),
        ("x.json", b"{", "x.json is not the config.json of a run ("),
        ("x.json", b'{"data": {"path": "x"}, "sizes": [1]}', "x.json is not the config.json of a run ("),
        ("x.json", b"[]", "x.json is not the config.json of a run ("),
        (".", None, "config.json cannot be read: No such file"),
    ],
)
def test_a_file_that_is_none_is_named(refused, name, content, line):
    if content is not None:
        Path(name).write_bytes(content)
    assert refused("--config", name).startswith(line)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"arithmetic": "native", "dtype": "float64", "strategy": SyncSGD(shards=3), "initializer": "standard-normal"},
        {"strategy": LocalSGD(local_steps=5, replicas=3, outer_momentum=0.5), "seed": 2**64 - 1},
        {"train_samples": 1000, "learning_rate": 1e-30},
        {"activation": "relu", "output": "softmax", "initializer": "he", "standardize": (0.1307, 0.3081)},
        {"output": "linear", "loss": "huber", "dropout": 0.5, "input_dropout": 0.2, "label_smoothing": 0.1},
        {"class_weights": (1.0, 0.5, *([2.0] * 8)), "l1": 1e-5, "l2": 5.0, "clip_norm": 1.0, "max_norm": 3.0},
        {"augment": Augmentation(elastic=4.3, noise=0.1), "image_shape": (28, 28), "ema": 0.999},
        {"optimizer": Adam(beta1=0.8), "schedule": Plateau(patience=3, warm_up=0.1), "monitor": "validation-cost"},
        {"optimizer": Nesterov(momentum=0.8), "schedule": StepDecay(every=7, decay=0.3), "early_stopping": 5},
        {"optimizer": RMSprop(rho=0.8), "schedule": Halving(limit=0.25), "monitor": "training-cost"},
        {"optimizer": AdamW(weight_decay=0.1), "schedule": CosineDecay(warm_up=100)},
    ],
)
def test_the_config_of_a_run_stands_for_all_of_its_options(changes):
    """Through the command line: what is given back is parsed as if it had been typed."""
    path = config_json(**changes)
    settings = read_settings(path, train_command)
    fields = json.loads(path.read_text())
    del fields["data"], fields["computed_on"]
    assert configured(settings.values) == TrainConfig.from_json(fields)
    assert settings.values["data"] == "somewhere"
    assert settings.digests == {"training_sha256": "0" * 64}


def test_one_of_version_0_1_does_too():
    local = Path(__file__).parents[2] / "data" / "run-0.1" / "local" / "config.json"
    values = read_settings(local, train_command).values
    assert (values["arithmetic"], values["initializer"], values["dtype"]) == ("native", "standard-normal", "float64")
    assert (values["local_steps"], values["replicas"], values["outer_momentum"]) == ("2", "2", "0.5")


def test_a_run_that_began_with_weights_gives_its_own_copy_of_them():
    settings = read_settings(config_json(start="a" * 64), train_command)
    assert settings.values["start"] == "initial.npz"


def test_a_choice_with_fields_of_its_own_is_several_options():
    """As config.json keeps optimizers and schedules."""
    path = toml(
        'optimizer = {kind = "nesterov", momentum = 0.9}\nschedule = {kind = "step", decay = 0.5, every = 3}\n'
        "augment = {elastic = 3.6, rotate = 9.0, shift = 0.0}\nclass-weights = []"
    )
    assert read_settings(path, train_command).values == {
        "optimizer": "nesterov",
        "momentum": "0.9",
        "schedule": "step",
        "schedule_factor": "0.5",
        "schedule_every": "3",
        "augment": "elastic=3.6,rotate=9.0",
        "class_weights": None,
    }


def test_the_command_line_wins_over_the_file_and_the_file_over_the_recipe(config_of):
    path = toml("epochs = 2\nlearning_rate = 0.5")
    found = config_of("--recipe", "small", "--config", path, "--epochs", 1)
    assert (found["epochs"], found["learning_rate"], found["seed"]) == (1, 0.5, 3)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("--sizes 196,6,10", "sizes", [196, 6, 10]),  # instead of hidden
        ("--hidden 4,4", "sizes", [196, 4, 4, 10]),
        ("", "strategy", {"kind": "local-sgd", "local_steps": 4, "replicas": 2, "outer_momentum": 0.0}),
        ("--replicas 3", "strategy", {"kind": "local-sgd", "local_steps": 4, "replicas": 3, "outer_momentum": 0.0}),
        ("--local-steps 0", "strategy", {"kind": "sync-sgd"}),
        ("--arithmetic native --shards 4", "strategy", {"kind": "sync-sgd", "shards": 4}),
    ],
)
def test_what_does_not_go_with_the_command_line_is_left_out(config_of, line, field, value):
    assert config_of("--recipe", "small", "--epochs", 1, *line.split())[field] == value


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ({"sizes": "1,2"}, {"hidden": "3"}, {"hidden": "3"}),
        ({"redis_address": "r", "broker_address": "b"}, {"workers": "2"}, {"workers": "2"}),
        ({"workers": "2"}, {"redis_address": "r"}, {"redis_address": "r"}),
        ({"audit": "0.5", "audit_by": "workers", "flower_port": "5555"}, {"workers": "0"}, {"workers": "0"}),
        ({"batches_per_task": "5"}, {"workers": "0"}, {"workers": "0"}),
        ({"audit": "0.5"}, {"workers": "2"}, {"audit": "0.5", "workers": "2"}),
        ({"audit": "0.5", "flower_port": "1"}, {"redis_address": "r"}, {"audit": "0.5", "redis_address": "r"}),
        ({"arithmetic": "native", "dtype": "float64", "shards": "3"}, {"arithmetic": "exact"}, {"arithmetic": "exact"}),
        ({"arithmetic": "native", "dtype": "d"}, {"arithmetic": "native"}, {"arithmetic": "native", "dtype": "d"}),
        ({"local_steps": "5", "replicas": "4"}, {"local_steps": "9"}, {"local_steps": "9", "replicas": "4"}),
        ({"shards": "5"}, {"local_steps": "9"}, {"local_steps": "9"}),
        ({"clip": "5"}, {"clip": None}, {"clip": None}),
    ],
)
def test_what_stands_above_replaces_what_does_not_go_with_it(below, above, expected):
    assert overlay(below, above) == expected


@pytest.mark.parametrize(
    ("above", "left"),
    [
        ({"optimizer": "adam"}, {"warm_up", "schedule", "schedule_factor"}),
        ({"optimizer": "momentum"}, {"momentum", "warm_up", "schedule", "schedule_factor"}),
        ({"schedule": "exponential"}, {"momentum", "warm_up", "optimizer", "schedule_factor"}),
        ({"schedule": "constant"}, {"momentum", "warm_up", "optimizer"}),
    ],
)
def test_the_options_of_another_choice_are_left_out_and_those_of_both_stay(above, left):
    below = {"optimizer": "nesterov", "momentum": "0.9"}
    below |= {"schedule": "step", "warm_up": "100", "schedule_factor": "0.3"}
    assert overlay(below, above) == {name: below[name] for name in left} | above


def test_an_address_of_the_environment_wins_over_the_workers_of_a_file(refused, monkeypatch):
    """It is read as it always was: above what a file says, below the command line."""
    monkeypatch.setenv("GRADMQ_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(preflight, "_START", 0.0)  # nobody is starting a Redis just now
    assert "redis://127.0.0.1:1/0" in refused("--config", toml("workers = 0"), code=69)


@pytest.mark.parametrize(
    "line",
    [
        "--hidden 5 --mini-batch-size 7",
        "--hidden 9,8 --activation relu --output softmax --init he --standardize 0.13,0.31 --augment elastic=1,shift "
        "--optimizer nesterov --schedule cosine --warm-up 0.1 --eta 0.1 --dropout 0.2 --l2 1 --train-samples 300",
        "--arithmetic native --shards 3 --optimizer adam --eta 0.01 --schedule plateau --patience 1",
        "--local-steps 3 --replicas 2 --outer-momentum 0.5 --monitor training-cost",
    ],
)
def test_a_run_trained_again_has_the_same_fingerprints(config_of, tmp_path, line):
    config_of("--epochs", 2, "--seed", 9, *line.split())
    (first,) = tmp_path.glob("runs/*")
    again = config_of("--config", first / "config.json")
    assert (
        again["data"]["training_sha256"] == json.loads((first / "config.json").read_text())["data"]["training_sha256"]
    )
    found = {
        tuple(json.loads(line)["weights_sha256"] for line in path.read_text().splitlines())
        for path in tmp_path.glob("runs/*/metrics.jsonl")
    }
    assert len(found) == 1


def test_a_run_is_not_trained_again_on_other_samples(main_here, small_data, tmp_path, refused, capsys):
    data = Path(shutil.copytree(small_data, tmp_path / "data"))
    job = ["train", "--workers", "0", "--epochs", "1"]
    assert main_here(*job, "--data", str(data)) == 0
    (run,) = tmp_path.glob("runs/*")
    for kind in ("images-idx3", "labels-idx1"):
        shutil.copy(data / f"train-{kind}-ubyte.gz", data / f"t10k-{kind}-ubyte.gz")
    capsys.readouterr()
    line = refused("--config", run)
    assert line == f"{data} has other test samples than the run had; give --data to train on them"
    assert main_here(*job, "--config", str(run), "--data", str(data)) == 0
