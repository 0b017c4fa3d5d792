"""What estimators learn, and how they go on."""

import os
import pickle
import signal

import numpy as np
import pytest

from gradmq import Callback, GradMQClassifier, GradMQError, GradMQRegressor, load_model

QUICK = {"hidden": 8, "epochs": 5, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def flowers() -> tuple[np.ndarray, np.ndarray]:
    """Three groups of points, with names."""
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0, 5], [10, 0, -5], [0, 3, 0]])
    numbers = np.arange(120) % 3
    return centres[numbers] + rng.normal(size=(120, 3)), np.array(["rose", "lily", "aster"])[numbers]


class Interrupt(Callback):
    """Sends the signal of Ctrl-C after so many steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def after_step(self, state, result, source):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)


def test_classes_have_names(flowers):
    x, y = flowers
    found = GradMQClassifier(**QUICK).fit(x, y)
    assert found.classes_.tolist() == ["aster", "lily", "rose"]
    assert found.score(x, y) > 0.95
    assert found.predict_proba(x).argmax(1).tolist() == [
        found.classes_.tolist().index(name) for name in found.predict(x)
    ]


def test_the_model_can_be_kept_and_used_without_the_estimator(flowers, tmp_path):
    x, y = flowers
    found = GradMQClassifier(**QUICK).fit(x, y)
    found.model_.save(tmp_path / "flowers.npz")
    model = load_model(tmp_path / "flowers.npz")
    assert model.predict(x).tolist() == found.predict(x).tolist()
    assert model.score(x, y) == found.score(x, y)
    assert pickle.loads(pickle.dumps(found)).predict(x).tolist() == found.predict(x).tolist()


def test_numbers_are_predicted_in_their_own_units():
    x = np.linspace(-1, 1, 200)[:, np.newaxis]
    y = np.stack([1000 + 500 * x[:, 0], np.abs(x[:, 0])], 1)
    found = GradMQRegressor(**{**QUICK, "epochs": 60}).fit(x, y)
    assert found.predict(x).shape == (200, 2)
    assert found.score(x, y) > 0.98
    assert found.model_.score(x, y) == pytest.approx(found.score(x, y))
    assert GradMQRegressor(**QUICK).fit(x, y[:, 0]).predict(x).shape == (200,)


def test_the_history_has_a_list_for_each_figure(flowers):
    found = GradMQClassifier(**QUICK, validation=0.25).fit(*flowers)
    assert (found.n_iter_, len(found.history_["training_cost"]), len(found.history_["validation_accuracy"])) == (
        5,
        5,
        5,
    )
    assert found.history_["n_validation"] == [30] * 5
    assert found.history_["training_cost"][-1] < found.history_["training_cost"][0]
    assert found.history_["weights_sha256"][-1] == found.fingerprint_


def test_the_best_epochs_weights_are_kept(flowers):
    x, y = flowers
    found = GradMQClassifier(**QUICK, validation=(x[:30], y[:30])).fit(x[30:], y[30:])
    best = int(np.argmax(found.history_["validation_accuracy"]))
    assert found.model_.fingerprint == found.history_["weights_sha256"][best]


def test_it_stops_early():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)  # of which there is nothing to learn
    found = GradMQClassifier(**{**QUICK, "epochs": 500}, validation=0.5, early_stopping=3).fit(x, y)
    assert found.n_iter_ < 500
    assert GradMQClassifier(**{**QUICK, "epochs": 500, "learning_rate": 0.3}, early_stopping=3).fit(x, y).n_iter_ < 500


def test_partial_fits_are_the_epochs_of_a_fit(flowers):
    whole = GradMQClassifier(**QUICK).fit(*flowers)
    found = GradMQClassifier(**QUICK)
    for _ in range(5):
        found.partial_fit(*flowers)
    assert found.history_["weights_sha256"] == whole.history_["weights_sha256"]


def test_a_partial_fit_may_lack_classes(flowers):
    x, y = flowers
    found = GradMQClassifier(**QUICK).partial_fit(x[:2], y[:2], classes=["rose", "lily", "aster"])
    found.partial_fit(x, y)
    assert found.predict_proba(x).shape == (120, 3)
    with pytest.raises(ValueError, match="y has the class 'daisy', and the classes are"):
        found.partial_fit(x[:1], ["daisy"])


def test_a_warm_start_begins_with_the_last_weights(flowers):
    warm = GradMQClassifier(**QUICK, warm_start=True).fit(*flowers)
    first = warm.history_["training_cost"]
    warm.fit(*flowers)
    assert warm.history_["training_cost"][5] < first[1]
    assert warm.n_iter_ == 10
    cold = GradMQClassifier(**QUICK).fit(*flowers)
    assert cold.fit(*flowers).history_["training_cost"] == first


def test_samples_of_weight_0_are_left_out_and_others_count_more(flowers):
    x, y = flowers
    kept = y != "rose"
    without = GradMQClassifier(**QUICK).fit(x[kept], y[kept], np.ones(kept.sum()))
    found = GradMQClassifier(**QUICK).fit(x, y, kept.astype(float))
    assert (found.fingerprint_, found.classes_.tolist()) == (without.fingerprint_, ["aster", "lily"])
    heavy = GradMQClassifier(**QUICK).fit(x, y, np.where(kept, 0.01, 1.0))
    assert np.mean(heavy.predict(x) == "rose") > np.mean(y == "rose")
    with pytest.raises(ValueError, match=r"non-zero|weight 0"):
        GradMQClassifier(**QUICK).fit(x, y, np.zeros(120))


def test_classes_have_weights_by_name(flowers):
    x, y = flowers
    by_name = GradMQClassifier(**QUICK, class_weights={"rose": 2.0, "aster": 0.5}).fit(x, y)
    assert by_name.fingerprint_ == GradMQClassifier(**QUICK, class_weights=[0.5, 1, 2]).fit(x, y).fingerprint_
    balanced = GradMQClassifier(**QUICK, class_weights="balanced").fit(x, y)
    assert balanced.fingerprint_ == GradMQClassifier(**QUICK).fit(x, y).fingerprint_  # there are as many of each


@pytest.mark.parametrize("optimizer", ["adam", "nesterov"])
def test_after_an_interrupt_what_was_learned_can_be_used_and_goes_on(flowers, optimizer):
    x, y = flowers
    found = GradMQClassifier(**QUICK, optimizer=optimizer, warm_start=True, callbacks=[Interrupt(6)])
    with pytest.raises(KeyboardInterrupt):
        found.fit(x, y)
    assert (found.n_iter_, found.predict(x).shape) == (1, (120,))
    left = found.model_.fingerprint
    found.set_params(callbacks=None)
    assert found.partial_fit(x, y).n_iter_ == 2
    assert found.model_.fingerprint != left
    assert found.fit(x, y).score(x, y) > 0.7


def test_an_interrupt_before_the_first_step_leaves_it_unfitted(flowers):
    class AtOnce(Callback):
        def on_begin(self, state):
            raise KeyboardInterrupt

    found = GradMQClassifier(**QUICK, callbacks=[AtOnce()])
    with pytest.raises(KeyboardInterrupt):
        found.fit(*flowers)
    assert not hasattr(found, "model_")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"activation": "softplus"}, "activation must be one of "),
        ({"momentum": 0.5}, "momentum goes with optimizer momentum or nesterov or rmsprop, not with adam, got 0.5"),
        ({"workers": 2, "redis": "redis://127.0.0.1:1/0"}, "workers start"),
        ({"workers": -1}, "workers must be between 0 and 256, got -1"),
        ({"seed": -1}, "seed must be between 0"),
        ({"validation": 1.5}, "validation must be a share"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(flowers, options, message):
    with pytest.raises(GradMQError) as refused:
        GradMQClassifier(**{**QUICK, **options}).fit(*flowers)
    assert str(refused.value).startswith(message)


def test_bytes_are_pixels():
    x = np.array([[0, 255], [255, 0]] * 20, np.uint8)
    found = GradMQClassifier(**QUICK).fit(x, x[:, 0])
    assert found.model_.encoding.columns == ()
    assert found.score(x, x[:, 0]) == 1.0


def test_more_samples_are_read_as_the_first_ones_were():
    """Bytes stay pixels: numbers that come later have no means of their own."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 4)).astype(np.uint8)
    y = np.arange(40) % 2
    found = GradMQClassifier(hidden=4).partial_fit(pixels, y).partial_fit(pixels / 255, y)
    assert found.model_.encoding.columns == ()


def test_samples_to_validate_on_may_be_a_list_of_two():
    x, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    found = GradMQClassifier(hidden=4, epochs=1, validation=[x[:10], y[:10]]).fit(x, y)
    assert found.history_["n_validation"] == [10]
    with pytest.raises(ValueError, match=r"validation has 3 parts; give a share of the samples, or a pair \(X, y\)"):
        GradMQClassifier(hidden=4, validation=[x, y, y]).fit(x, y)
