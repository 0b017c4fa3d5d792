"""What a Celery task carries."""

import json
from dataclasses import replace

import pytest

from shared.errors import MessageError, VersionError
from shared.messaging.lease import Lease
from shared.nn.losses import LOSSES
from tests.support.learning import CONFIG, DIGESTS, KERNELS, SECRET
from tests.support.mutate import COUNT, is_one_line


def test_a_lease_survives_its_journey():
    lease = Lease(
        "run", 2**64 - 1, CONFIG, DIGESTS, 3, 500, 1000, 5000, 7, 8, "1/2", ("worker@host:1",), KERNELS, SECRET
    )
    assert Lease.from_json(json.loads(json.dumps(lease.to_json()))) == lease
    assert SECRET not in repr(lease)
    assert lease.description == "epoch 3, mini-batches 500–999, lease 1/2"
    assert replace(lease, stop=5002).description == "epoch 3, mini-batches 500–4999 and evaluation, lease 1/2"
    assert replace(lease, first=5000, stop=5002).description == "epoch 3, evaluation, lease 1/2"
    with pytest.raises(VersionError, match="version 99"):
        Lease.from_json({**lease.to_json(), "version": 99})
    with pytest.raises(MessageError, match="not as it was granted"):
        Lease.from_json({**lease.to_json(), "epoch": 4})


def test_a_lease_of_a_run_whose_loss_is_not_known_here_is_another_versions(monkeypatch):
    with monkeypatch.context() as newer:
        newer.setitem(LOSSES, "hinge", LOSSES["quadratic"])
        lease = Lease("run", 7, replace(CONFIG, loss="hinge"), DIGESTS, 0, 0, 10, 10, 0, 0, "1/1", (), KERNELS, SECRET)
        fields = json.loads(json.dumps(lease.to_json()))
        assert Lease.from_json(fields) == lease
    refusal = r"cannot compute what the run asks for .*hinge.*; install the same"
    with pytest.raises(VersionError, match=refusal) as error:
        Lease.from_json(fields)
    assert is_one_line(error.value)


@pytest.mark.parametrize("config", [{}, {"momentum": 0.9}, {"strategy": {"kind": "ring"}}, {"strategy": {}}])
def test_a_lease_with_another_configuration_that_is_as_it_was_granted_is_another_versions(config, monkeypatch):
    monkeypatch.setattr("shared.config.TrainConfig.to_json", lambda self: config)
    fields = Lease("run", 7, CONFIG, DIGESTS, 0, 0, 10, 10, 0, 0, "1/1", (), KERNELS, SECRET).to_json()
    with pytest.raises(VersionError, match="install the same GradMQ on both sides") as error:
        Lease.from_json(fields)
    assert is_one_line(error.value)


@pytest.mark.parametrize("change", [{"run": "unacked"}, {"run": "a:b"}, {"samples": (*DIGESTS[:2], "celery.pidbox")}])
def test_a_lease_of_what_no_coordinator_can_have_published_is_dropped(change):
    """Keys of such names are those that workers may write."""
    lease = Lease("run", 7, CONFIG, DIGESTS, 0, 0, 10, 10, 0, 0, "1/1", (), KERNELS, SECRET)
    fields = json.loads(json.dumps(replace(lease, **change).to_json()))
    with pytest.raises(MessageError, match="names a run or samples that there cannot be; it is dropped"):
        Lease.from_json(fields)


def test_a_damaged_lease_is_refused(dice):
    whole = Lease("run", 7, CONFIG, DIGESTS, 0, 0, 10, 10, 0, 0, "1/1", (), KERNELS, SECRET).to_json()
    values = [None, -1, 2**70, "", "x" * 50, [], {}, 1.5, True, [[1]], {"a": 1}]
    for _ in range(COUNT):
        fields = {**whole, dice.choice([*whole, "stranger"]): dice.choice(values)}
        if dice.random() < 0.3:
            del fields[dice.choice(list(fields))]
        if json.dumps(fields) == json.dumps(whole):
            continue
        with pytest.raises((VersionError, MessageError)) as refused:
            Lease.from_json(fields)
        assert is_one_line(refused.value)
