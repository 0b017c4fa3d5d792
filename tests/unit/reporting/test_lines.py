"""The lines about epochs, and about the best of them."""

from dataclasses import replace

from coordinator.reporting import lines
from shared.config import TrainConfig
from shared.strategies import LocalSGD, SyncSGD
from shared.training.metrics import EpochMetrics

NOTEBOOK = TrainConfig(sizes=(784, 30, 10), epochs=3, mini_batch_size=10, learning_rate=3.0, strategy=SyncSGD())
PATIENT = replace(NOTEBOOK, early_stopping=1)


def epoch(number: int, correct: int, validation: int, cost: float) -> EpochMetrics:
    return EpochMetrics(
        *(number, correct, 10_000, correct / 10_000, 5000, 50_000, 1.0, 2, f"{number}" * 64, {}),
        cost=0.1,
        validation_correct=validation,
        n_validation=10_000,
        validation_accuracy=validation / 10_000,
        validation_cost=cost,
        training_correct=48_550,
        training_accuracy=0.971,
        training_cost=0.0912,
        learning_rate=3.0,
    )


# The test samples would choose epoch 2, validation accuracy epoch 0, validation cost epoch 1.
EPOCHS = [epoch(0, 9700, 9704, 0.1), epoch(1, 9701, 9703, 0.0981), epoch(2, 9702, 9704, 0.12)]


def bare(metrics: EpochMetrics) -> EpochMetrics:
    """An epoch as GradMQ 0.1 recorded it."""
    return EpochMetrics(*list(metrics.__dict__.values())[:10])


def test_a_job_that_the_notebook_could_do_has_its_lines():
    for config in (
        NOTEBOOK,
        replace(NOTEBOOK, seed=7, sizes=(784, 100, 10), mini_batch_size=100, learning_rate=1.0, epochs=99),
        replace(NOTEBOOK, arithmetic="native", dtype="float64", strategy=SyncSGD(shards=2)),
        replace(NOTEBOOK, strategy=LocalSGD(local_steps=5)),
        replace(NOTEBOOK, arithmetic="native", dtype="", initializer="standard-normal", strategy=SyncSGD(shards=2)),
        replace(NOTEBOOK, monitor="none"),  # as without validation samples
    ):
        assert config.is_the_notebooks
        assert lines.epoch(config, EPOCHS[0]) == "Epoch 0: accuracy is 9700/10000"


def test_any_other_shows_validation_and_training_and_no_test_samples():
    for config in (PATIENT, replace(NOTEBOOK, monitor="validation-cost"), replace(NOTEBOOK, initializer="he")):
        assert not config.is_the_notebooks
        expected = "Epoch 1: validation 9703/10000, cost 0.0981; training 97.10 %, cost 0.0912"
        assert lines.epoch(config, EPOCHS[1]) == expected
    without = replace(EPOCHS[1], validation_correct=0, n_validation=0, validation_accuracy=None, validation_cost=None)
    assert lines.epoch(PATIENT, without) == "Epoch 1: training 97.10 %, cost 0.0912"


def test_the_best_epoch_is_named_with_what_it_was_chosen_by():
    end = f"; last weights_sha256 {'2' * 64}"
    assert lines.choice(NOTEBOOK, EPOCHS) == (
        f"best epoch 0 by validation accuracy (9704/10000): test accuracy 9700/10000{end}"
    )
    assert lines.choice(replace(NOTEBOOK, monitor="validation-cost"), EPOCHS) == (
        f"best epoch 1 by validation cost (0.0981): test accuracy 9701/10000{end}"
    )
    assert lines.choice(replace(NOTEBOOK, monitor="training-cost"), EPOCHS) == (
        f"best epoch 0 by training cost (0.0912): test accuracy 9700/10000{end}"
    )
    nothing = f"last epoch 2 (nothing is monitored): test accuracy 9702/10000{end}"
    assert lines.choice(replace(NOTEBOOK, monitor="none"), EPOCHS) == nothing
    assert lines.choice(NOTEBOOK, [bare(metrics) for metrics in EPOCHS]) == nothing


def test_an_early_end_is_explained():
    assert lines.early_end(PATIENT, EPOCHS[:2]) == "stopped after epoch 1: no improvement in 1 epoch"
    assert lines.early_end(PATIENT, EPOCHS) == ""  # all that were wanted
    assert lines.early_end(NOTEBOOK, EPOCHS) == ""


def test_the_table_has_all_epochs_and_names_the_best_and_the_last():
    assert lines.table(NOTEBOOK, EPOCHS).splitlines() == [
        "epoch        validation    cost  training    cost        test   cost  seconds  workers",
        "    0  best  9704/10000   0.100   97.10 %  0.0912  9700/10000  0.100      1.0        2",
        "    1        9703/10000  0.0981   97.10 %  0.0912  9701/10000  0.100      1.0        2",
        "    2  last  9704/10000   0.120   97.10 %  0.0912  9702/10000  0.100      1.0        2",
    ]
    assert lines.table(NOTEBOOK, [bare(EPOCHS[0])]).splitlines()[1].split() == ["0", "last", "9700/10000", "1.0", "2"]
    assert lines.table(NOTEBOOK, EPOCHS[:1]).splitlines()[1].split()[:4] == ["0", "best,", "last", "9704/10000"]
