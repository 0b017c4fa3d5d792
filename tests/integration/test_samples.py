"""The training samples through Redis."""

from dataclasses import replace

import numpy as np

from shared.data.samples import VectorSamples
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
