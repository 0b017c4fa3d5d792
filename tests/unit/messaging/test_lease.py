"""What a Celery task carries."""

import json

import pytest

from shared.errors import MessageError, VersionError
from shared.messaging.lease import Lease
from tests.support.learning import CONFIG
from tests.support.mutate import COUNT, is_one_line


def test_a_lease_survives_its_journey():
    lease = Lease("run", 2**64 - 1, CONFIG, "digest", 3, 500, 1000, 7, 8, "1/2", ("worker@host:1",))
    assert Lease.from_json(json.loads(json.dumps(lease.to_json()))) == lease
    assert lease.name == "epoch 3, mini-batches 500–999, lease 1/2"
    with pytest.raises(VersionError, match="version 99"):
        Lease.from_json({**lease.to_json(), "version": 99})
    with pytest.raises(MessageError, match="not as it was granted"):
        Lease.from_json({**lease.to_json(), "epoch": 4})


def test_a_damaged_lease_is_refused(dice):
    whole = Lease("run", 7, CONFIG, "digest", 0, 0, 10, 0, 0, "1/1", ()).to_json()
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
