"""The keys in Redis."""

from shared.messaging import keys
from shared.messaging.keys import (
    LEASE_KEYS,
    Keys,
    PredictionKeys,
    SamplesKeys,
    SweepKeys,
    model_key,
    model_name_key,
)


def test_every_key_is_ours_and_is_in_the_table():
    run, samples, predictions = Keys("RUN", 255), SamplesKeys("DIGEST"), PredictionKeys("ID")
    sweep = SweepKeys("ID")
    every = [
        *(run.weights, run.requests(7), run.replies, run.incarnation),
        *(samples.description, samples.chunk("images", 0)),
        *(predictions.model, predictions.inputs(9), predictions.answers),
        *(model_key("DIGEST"), model_name_key("NAME")),
        *(sweep.wanted("RUN"), sweep.held("RUN"), sweep.weights("RUN"), sweep.notices),
        *LEASE_KEYS,
    ]
    assert len({*every}) == len(every)
    table = keys.__doc__
    for key in every[:15]:
        named = key.replace("RUN", "{run}").replace("00000000000000ff", "{incarnation}").replace("DIGEST", "{sha256}")
        named = named.replace(":ID:", ":{id}:").replace(":9", ":{number}").replace(":NAME", ":{name}")
        named = named.replace(":7", ":{window}").replace("images:0", "{array}:{number}")
        assert f"| {named} " in table
    assert all(key.startswith("gradmq:") for key in every)


def test_incarnations_share_only_the_key_that_tells_which_is_the_newest():
    one, two = Keys("run", 1), Keys("run", 2)
    assert one.incarnation == two.incarnation
    assert not {one.weights, one.replies, one.requests(0)} & {two.weights, two.replies, two.requests(0)}
