"""The training samples through Redis."""

import json
from dataclasses import replace

import numpy as np
import pytest

from shared.data.samples import VectorSamples
from shared.errors import TooLargeError
from shared.messaging.keys import SamplesKeys
from shared.transport import samples as transport
from shared.transport.samples import download, upload
from tests.support.learning import SAMPLES


def test_the_samples_travel_once_and_are_the_same(server):
    with server.client() as client:
        assert download(client, SAMPLES.sha256) is None
        upload(client, SAMPLES)
        received = download(client, SAMPLES.sha256)
        assert received is not None
        np.testing.assert_array_equal(received.images, SAMPLES.images)
        np.testing.assert_array_equal(received.labels, SAMPLES.labels)
        assert all(client.ttl(key) > 0 for key in client.keys("*"))
        # Damaged samples are not those of that name.
        key = next(key for key in client.keys("*") if b"images" in key)
        client.setrange(key, 3, b"\1\2\3")
        assert download(client, SAMPLES.sha256) is None


def test_their_weights_travel_with_them(server):
    weighted = replace(SAMPLES, weights=np.arange(1.0, 61.0) / 64)
    assert weighted.sha256 != SAMPLES.sha256
    with server.client() as client:
        upload(client, weighted)
        received = download(client, weighted.sha256)
        assert received is not None
        np.testing.assert_array_equal(received.weights, weighted.weights)
        key = next(key for key in client.keys("*") if b"weights" in key)
        client.setrange(key, 8, b"\1")
        assert download(client, weighted.sha256) is None


def test_wanted_outputs_travel_in_the_place_of_labels(server, monkeypatch):
    monkeypatch.setattr(transport, "_CHUNK", 1000)  # bytes, so that there are several
    rng = np.random.default_rng(0)
    sent = VectorSamples(rng.random((200, 3), np.float32), rng.normal(size=(200, 2)), rng.random(200))
    with server.client() as client:
        assert upload(client, sent)
        assert not upload(client, sent)
        assert sum(b"targets" in key for key in client.keys("*")) == 4
        received = download(client, sent.sha256)
        for name in ("vectors", "targets", "weights"):
            np.testing.assert_array_equal(getattr(received, name), getattr(sent, name))


@pytest.mark.parametrize(
    "fields",
    [
        {"shape": [-200, -3]},
        {"shape": [2**31, 2**31]},
        {"shape": [200.0, 3]},
        {"shape": "ab"},
        {"n_targets": 2**40},
        {"n_targets": -2},
        {"n_targets": True},
        {"n_targets": "2"},
        {"shape": [100, 3]},
        {"dtype": "|O"},
    ],
)
def test_a_description_that_is_changed_is_of_no_samples_and_little_is_read_for_it(server, fields):
    rng = np.random.default_rng(0)
    sent = VectorSamples(rng.random((200, 3), np.float32), rng.normal(size=(200, 2)))
    key = SamplesKeys(sent.sha256).description
    with server.client() as client:
        upload(client, sent)
        client.set(key, json.dumps({**json.loads(client.get(key)), **fields}))
        before = client.info()["total_commands_processed"]
        assert download(client, sent.sha256) is None
        assert client.info()["total_commands_processed"] - before <= 5


def test_samples_for_which_there_is_no_memory_are_refused_before_they_are_read(server, monkeypatch):
    with server.client() as client:
        upload(client, SAMPLES)
        monkeypatch.setattr("shared.transport.samples.memory_bytes", lambda: 1000)
        before = client.info()["total_net_output_bytes"]
        with pytest.raises(TooLargeError, match="samples of 1200 bytes are more than the 1000 of memory"):
            download(client, SAMPLES.sha256)
        assert client.info()["total_net_output_bytes"] - before < 20_000


def test_a_chunk_that_is_longer_than_it_must_be_is_not_read_whole(server):
    with server.client() as client:
        upload(client, SAMPLES)
        client.append(SamplesKeys(SAMPLES.sha256).chunk("images", 0), bytes(10_000_000))
        before = client.info()["total_net_output_bytes"]
        assert download(client, SAMPLES.sha256) is None
        assert client.info()["total_net_output_bytes"] - before < 1_000_000
