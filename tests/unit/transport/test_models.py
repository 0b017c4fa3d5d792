"""Models through Redis."""

from dataclasses import replace

import pytest

from shared.model import SavedModel
from shared.transport.models import longest, to_bytes
from tests.support.learning import CONFIG, EXACT


@pytest.mark.parametrize("config", [CONFIG, EXACT])
@pytest.mark.parametrize("sizes", [(12, 3), (12, 5, 3), (7, *[3] * 120, 1)])
def test_no_model_of_a_run_is_longer_than_the_longest(config, sizes):
    config = replace(config, sizes=sizes, standardize=(0.1234567890123456, 0.9876543210987654))
    size = len(to_bytes(SavedModel.of(config, config.initial_parameters())))
    assert config.nbytes < size <= longest(config)
