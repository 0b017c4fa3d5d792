"""The training samples through Redis."""

import numpy as np

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
