"""The keys in Redis."""

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging import keys
from shared.messaging.keys import (
    LEASE_KEYS,
    Keys,
    PredictionKeys,
    SamplesKeys,
    SweepKeys,
    is_name,
    model_key,
    model_name_key,
    name_of,
)
from tests.support.mnist import PROJECT

# Of keys that workers may set, by the rules for their user.
WORKERS = (PROJECT / "docs" / "security.md").read_text().split("user worker on", 1)[1].split("```")[0]
SETTABLE = [
    pattern.replace("[^", "[!")
    for rule in re.findall(r"\(-@all ([^)]*)\)", WORKERS)
    if "+set" in rule.split()
    for pattern in re.findall(r"~(\S+)", rule)
]
PIECES = [*{*re.findall("[a-z]+", " ".join(SETTABLE))}, *":.-_0", "celery.pidbox", "celery-task-meta-", "wanted"]


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


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join))
def test_no_name_makes_a_key_of_a_coordinator_one_that_workers_may_write(name):
    run, sweep, samples, predictions = Keys(name, 255), SweepKeys(name), SamplesKeys(name), PredictionKeys(name)
    read = [
        *(run.weights, run.incarnation, samples.description, samples.chunk("images", 0)),
        *(sweep.wanted("trial-0000"), SweepKeys("0f").wanted(name), predictions.model, predictions.inputs(9)),
    ]
    assert SETTABLE
    if is_name(name):
        assert not [(key, rule) for key in read for rule in SETTABLE if fnmatchcase(key, rule)]


@pytest.mark.parametrize(
    "name", ["unacked", "leases0", "sweeps:x:held:y", "celery.pidbox", "a b", "", "ü", "x\n", "../x"]
)
def test_a_run_goes_by_another_name_if_its_folders_would_not_do(name):
    assert not is_name(name)
    assert is_name(name_of(name))
    assert name_of(name) != name_of(name + "2")


def test_a_run_that_was_not_renamed_goes_by_its_own():
    assert name_of("20261126-075848-f38101") == "20261126-075848-f38101"
