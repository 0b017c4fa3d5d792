"""A model with random damage."""

from collections import Counter

from coordinator.runs.model_file import load_model, save_model
from shared.errors import ModelError
from shared.model import SavedModel
from tests.support.learning import drawn
from tests.support.mutate import COUNT, is_one_line, mutations


def test_a_damaged_model_is_refused_or_the_same(tmp_path, dice):
    path = tmp_path / "model.npz"
    parameters = drawn((6, 5, 3))
    save_model(path, SavedModel(parameters))
    outcomes: Counter[str] = Counter()
    for content in mutations(path.read_bytes(), dice):
        path.write_bytes(content)
        try:
            # A date in the archive, say, decides nothing.
            assert load_model(path).parameters.sha256 == parameters.sha256
            outcomes["the same"] += 1
        except ModelError as error:
            outcomes["refused" if is_one_line(error) else "not in a line"] += 1
    assert outcomes["refused"] > COUNT / 2
    assert not outcomes["not in a line"]
