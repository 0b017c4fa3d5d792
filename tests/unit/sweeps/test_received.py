"""What a worker says that it has learned is taken only if it can be so."""

from dataclasses import asdict

import pytest

from coordinator.runs.places import Place
from coordinator.sweeps.received import received
from shared.data.folds import Fold
from shared.model import SavedModel
from shared.training.whole_run import learn
from shared.transport.models import to_bytes
from tests.support.sweeps import given_run


@pytest.fixture(params=[None, Fold(2, 3)], ids=["whole", "fold"])
def answer(request):
    """A run, and what a worker says of it."""
    run = given_run(fold=request.param)
    config = run.prepared.config
    learned = learn(config, run.prepared.dataset(), {})
    models = {name: SavedModel.of(config, each) for name, each in (("model", learned.model), ("best", learned.best))}
    content = {
        "epochs": [asdict(metrics) for metrics in learned.epochs],
        "pruned": False,
        "models": {name: model.digest for name, model in models.items()},
        "place": Place.here(config).to_json(),
    }
    return run, content, {name: to_bytes(model) for name, model in models.items()}


def test_a_true_answer_is_taken(answer):
    run, content, files = answer
    ended = received(run, content, files)
    assert [asdict(metrics) for metrics in ended.learned.epochs] == content["epochs"]
    assert ended.learned.model.sha256 == content["epochs"][-1]["weights_sha256"]


def test_one_whose_models_are_missing_is_waited_for(answer):
    run, content, files = answer
    assert received(run, content, {**files, "best": None}) is None
    assert received(run, content, {**files, "model": files["model"][:-7]}) is None


def epochs(content, **changed):
    return {**content, "epochs": [{**fields, **changed} for fields in content["epochs"]]}


WRONG = {
    "nothing": lambda content: {},
    "no epochs": lambda content: {**content, "epochs": []},
    "an epoch left out": lambda content: {**content, "epochs": content["epochs"][1:]},
    "an epoch too many": lambda content: {
        **content,
        "epochs": [*content["epochs"], {**content["epochs"][-1], "epoch": 2}],
    },
    "not all epochs": lambda content: {**content, "epochs": content["epochs"][:1]},
    "pruned, and should not be": lambda content: {**content, "epochs": content["epochs"][:1], "pruned": True},
    "nothing monitored": lambda content: epochs(content, validation_cost=None, validation_accuracy=None),
    "other test samples": lambda content: epochs(content, n_test=7),
    "other validation samples": lambda content: epochs(content, n_validation=7),
    "more mini-batches": lambda content: epochs(content, mini_batches=10**6),
    "other weights": lambda content: epochs(content, weights_sha256="0" * 64),
    "words for numbers": lambda content: epochs(content, seconds="many"),
    "one model": lambda content: {**content, "models": {"model": content["models"]["model"]}},
    "no place": lambda content: {**content, "place": []},
    "a list": lambda content: {**content, "models": []},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_is_refused(answer, what):
    run, content, files = answer
    with pytest.raises(ValueError, match=r"\w"):
        received(run, WRONG[what](content), files)
