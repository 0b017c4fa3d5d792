"""Frozen dataclasses of several kinds, and their JSON."""

import json

import pytest

from shared import kinds
from shared.errors import ConfigError
from shared.optim.optimizers import OPTIMIZERS, SGD, Adam, Nesterov
from shared.optim.schedules import SCHEDULES, Constant, CosineDecay
from shared.strategies import STRATEGIES, LocalSGD, SyncSGD
from tests.support.optimizers import TRIED

REGISTRIES = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "strategy": STRATEGIES}


@pytest.mark.parametrize(
    ("what", "instance"),
    [
        *(("optimizer", optimizer) for optimizer in TRIED),
        *(("schedule", kind(warm_up=0.5)) for kind in SCHEDULES.values()),
        ("strategy", SyncSGD()),
        ("strategy", SyncSGD(shards=3)),
        ("strategy", LocalSGD(local_steps=7, outer_momentum=0.5)),
    ],
    ids=str,
)
def test_an_instance_survives_its_journey(what, instance):
    assert kinds.from_json(REGISTRIES[what], json.loads(json.dumps(kinds.to_json(instance))), what) == instance


def test_a_kind_is_kept_under_these_names():
    assert kinds.to_json(Nesterov(0.5)) == {"kind": "nesterov", "momentum": 0.5}
    assert kinds.to_json(SyncSGD()) == {"kind": "sync-sgd"}
    assert kinds.to_json(CosineDecay(warm_up=0.02)) == {"kind": "cosine", "warm_up": 0.02}


def test_a_bare_name_is_a_kind_with_its_defaults():
    assert kinds.from_json(OPTIMIZERS, "sgd", "optimizer") == SGD()
    assert kinds.from_json(SCHEDULES, "constant", "schedule") == Constant()


def test_whole_numbers_become_what_their_field_is():
    read = kinds.from_json(OPTIMIZERS, {"kind": "nesterov", "momentum": 0}, "optimizer")
    assert json.dumps(kinds.to_json(read)) == '{"kind": "nesterov", "momentum": 0.0}'
    assert kinds.from_json(SCHEDULES, {"kind": "plateau", "patience": 3.0}, "schedule").patience == 3


@pytest.mark.parametrize(
    ("what", "given", "message"),
    [
        ("optimizer", "lion", "optimizer must be one of sgd, momentum, nesterov, rmsprop, adam, adamw, got lion"),
        ("optimizer", {"kind": "lion"}, "optimizer must be one of sgd"),
        ("optimizer", {"momentum": 0.5}, "optimizer must be one of sgd"),
        ("optimizer", None, "optimizer must be one of sgd"),
        ("optimizer", ["sgd"], "optimizer must be one of sgd"),
        ("optimizer", {"kind": ["sgd"]}, "optimizer must be one of sgd"),
        ("optimizer", {"kind": "sgd", "momentum": 0.5}, "optimizer of the kind sgd has no options, got momentum"),
        ("optimizer", {"kind": "nesterov", "beta1": 0.5}, "optimizer of the kind nesterov has momentum, got beta1"),
        ("optimizer", {"kind": "nesterov", "momentum": "0.5"}, "momentum must be a number, got 0.5"),
        ("optimizer", {"kind": "nesterov", "momentum": True}, "momentum must be a number, got True"),
        ("optimizer", {"kind": "nesterov", "momentum": None}, "momentum must be a number, got None"),
        ("optimizer", {"kind": "nesterov", "momentum": 2}, "momentum must be at least 0 and below 1, got 2.0"),
        ("schedule", {"kind": "plateau", "patience": 2.5}, "patience must be a whole number, got 2.5"),
        ("schedule", {"kind": "plateau", "patience": float("nan")}, "patience must be a whole number, got nan"),
        ("strategy", {"kind": "local-sgd"}, "strategy of the kind local-sgd needs local_steps, got none"),
    ],
)
def test_what_is_no_instance_is_refused_in_one_line(what, given, message):
    with pytest.raises(ConfigError) as refused:
        kinds.from_json(REGISTRIES[what], given, what)
    assert str(refused.value).startswith(message)


def test_a_kind_is_described_by_what_it_has():
    described = [kinds.describe(each) for each in (SGD(), Nesterov(0.5), Nesterov(0.0), Adam(), CosineDecay())]
    assert described == [
        "sgd",
        "nesterov (momentum 0.5)",
        "nesterov",
        "adam (beta1 0.9, beta2 0.999, epsilon 1e-08)",
        "cosine",
    ]
