"""`gradmq.train` and `gradmq.Run`: what the command line does, from Python."""

import os
import pickle
import shutil
import signal
from dataclasses import replace

import numpy as np
import pandas
import pytest

import gradmq
from coordinator.api.kept_data import kept
from coordinator.runs.run import RunFolder
from gradmq import Callback, GradMQError, Run, Watching, load_model, train
from shared.data.dataset import load_dataset

SMALL = {"hidden": 12, "epochs": 3, "workers": 0}


@pytest.fixture(scope="module")
def run(small_data, tmp_path_factory) -> Run:
    return train(small_data, runs=tmp_path_factory.mktemp("runs"), **SMALL)


class InterruptedAt(Callback):
    """Sends the signal of Ctrl-C after the first step of an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def after_step(self, state, result, source):
        if (state.epoch, state.step_index) == (self.epoch, 1):
            os.kill(os.getpid(), signal.SIGINT)


def test_it_has_the_bits_of_the_command_line(main_here, small_data, tmp_path, run):
    arguments = ["train", "--hidden", "12", "--epochs", "3", "--workers", "0", "--data", str(small_data)]
    assert main_here(*arguments, "--runs", str(tmp_path)) == 0
    (folder,) = tmp_path.iterdir()
    assert Run(folder).history["weights_sha256"] == run.history["weights_sha256"]
    assert Run(folder).config == run.config


def test_a_run_tells_its_history_and_has_its_models(small_data, run):
    assert len(run.history["validation_accuracy"]) == 3
    assert run.history["epoch"] == [0, 1, 2]
    assert "ledger" not in run.history
    test = load_dataset(small_data).test
    right = int(np.sum(run.last_model.predict(test.images) == test.labels))
    assert right == run.history["correct"][-1]
    best = int(np.argmax(run.history["validation_accuracy"]))
    assert run.model.fingerprint == run.history["weights_sha256"][best]
    assert (run.last_model.fingerprint, run.is_finished) == (run.fingerprint, True)


def test_a_run_tells_what_it_is(run):
    assert repr(run).startswith(f"run: {run.id}\nfolder: {run.folder}\nnetwork: 196,12,10\n")
    assert "epochs: 3 of 3\nresult: best epoch" in repr(run)
    assert f"<th>run</th><td>{run.id}</td>" in run._repr_html_()


def test_a_run_is_opened_by_its_folder_by_its_id_or_as_the_newest(run):
    runs = run.folder.parent
    assert {each.id for each in (Run(run.folder), Run(run.id, runs=runs), Run(runs=runs))} == {run.id}
    with pytest.raises(GradMQError, match=r"there is no run in .*nowhere; give a run's folder"):
        Run(runs=runs / "nowhere")


def test_a_run_is_verified(small_data, run):
    verified = run.verify()
    assert verified
    assert repr(verified) == "all 5 comparisons are identical, to the last bit"
    assert len(run.verify(last=1).comparisons) == 2
    recorded = run._folder.metrics
    recorded[1] = replace(recorded[1], samples=7)  # in memory alone
    again = run.verify()
    assert (bool(again), len(again.differences)) == (False, 1)
    assert repr(again).startswith("epoch 1: ") and repr(again).endswith("samples is 7, recomputed it is 1000")
    assert run.refresh().verify()


def test_an_interrupt_comes_between_two_steps_and_the_run_goes_on_to_the_same_bits(small_data, tmp_path, run):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(small_data, runs=tmp_path, callbacks=[InterruptedAt(1)], **SMALL)
    left = Run(runs=tmp_path)
    assert (left.is_finished, len(left.history["epoch"])) == (False, 1)
    assert "epochs: 1 of 3, not finished" in repr(left)
    assert left.resume(workers=0).history["weights_sha256"] == run.history["weights_sha256"]
    assert signal.getsignal(signal.SIGINT) == before


def test_a_finished_run_gets_more_epochs(small_data, tmp_path, run):
    shorter = train(small_data, runs=tmp_path, **{**SMALL, "epochs": 1})
    assert shorter.resume(epochs=3, workers=0).fingerprint == run.fingerprint
    assert shorter.resume(workers=0).fingerprint == run.fingerprint  # nothing is left to do


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epoch": 3}, "epoch is no option of a training, got 3; did you mean epochs?"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"optimizer": "magic"}, "optimizer must be one of sgd, "),
        ({"hidden": 3, "sizes": [196, 4, 10]}, "hidden must agree with sizes 196,4,10, got 3; give one of them"),
        ({"replicas": 3}, "replicas goes with local_steps, got 3; give how many"),
        ({"mini_batch_size": 5000}, "mini_batch_size must be at most 1000, the number of training samples, got 5000"),
        ({"workers": -1}, "workers must be between 0 and 256, got -1"),
        ({"audit": 0.1}, "audit is about the replies of workers, and with workers 0 there are none, got 0.1"),
        (
            {"batches_per_task": 5},
            "batches_per_task is the length of tasks for workers, and with workers 0 there are none",
        ),
        ({"workers": "two"}, "workers must be a whole number, got 'two'"),
        ({"watching": "epochs.csv"}, "watching must be a gradmq.Watching, got 'epochs.csv'"),
        ({"sample_weights": "ab"}, "ab cannot be read"),
        ({"sample_weights": ["a", "b"]}, "sample_weights must be numbers above 0"),
        ({"data": "nowhere"}, "nowhere cannot be read: No such file or directory"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_and_leaves_nothing(small_data, tmp_path, given, message):
    given = {"data": small_data, "workers": 0, **given}
    with pytest.raises(GradMQError) as refused:
        train(runs=tmp_path / "runs", **given)
    assert str(refused.value).startswith(message)
    assert not (tmp_path / "runs").exists()


def test_a_model_is_loaded_kept_and_copied(small_data, tmp_path, run):
    model = load_model(run.folder)
    assert repr(model) == f"Model 196,12,10 (sigmoid, sigmoid, quadratic) {model.fingerprint[:12]} in {model.path}"
    assert repr(model)[:5] in model._repr_html_()
    model.save(tmp_path / "mine.npz")
    images = load_dataset(small_data).test.images[:50]
    for other in (load_model(tmp_path / "mine.npz"), pickle.loads(pickle.dumps(model))):
        assert other.fingerprint == model.fingerprint
        assert np.array_equal(other.outputs(images), model.outputs(images))
    assert [w.shape for w in model.weights] == [(12, 196), (10, 12)]
    assert [b.shape for b in model.biases] == [(12, 1), (10, 1)]


def test_a_model_predicts_classes_and_their_probabilities(small_data, run):
    test = load_dataset(small_data).test
    probabilities = run.model.predict_proba(test.images)
    assert np.allclose(probabilities.sum(1), 1)
    assert np.mean(probabilities.argmax(1) == run.model.predict(test.images)) > 0.95  # but where several outputs are 0
    assert run.model.score(test.images, test.labels) == np.mean(run.model.predict(test.images) == test.labels)
    assert run.model.classes == list(range(10))
    assert run.model.predict(test.images[:0]).shape == (0,)
    with pytest.raises(GradMQError, match="samples have 5 inputs where 196 are expected"):
        run.model.predict(test.images[:, :5])
    with pytest.raises(GradMQError, match="inputs must be between -1 and 1"):
        run.model.predict(test.images.astype(float))


def test_all_names_of_the_package_are_there():
    assert dir(gradmq) == sorted(gradmq.__all__)
    for name in gradmq.__all__:
        assert getattr(gradmq, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = gradmq.nothing


def test_a_run_begins_with_a_models_weights(small_data, tmp_path, run):
    options = {"epochs": 1, "workers": 0, "runs": tmp_path, "learning_rate": 0.001}
    further = [train(small_data, start=start, **options) for start in (run, run.model, str(run.folder))]
    assert {each.config.start for each in further} == {run.model.fingerprint}
    assert {each.config.sizes for each in further} == {(196, 12, 10)}
    assert len({each.fingerprint for each in further}) == 1


X, Y = np.random.default_rng(0).normal(size=(60, 3)), np.array(["left", "right"] * 30)


def test_arrays_are_kept_beside_the_runs_that_need_them(tmp_path):
    options = {"hidden": 4, "epochs": 2, "workers": 0, "runs": tmp_path}
    first, second = train((X, Y), **options), train((X.tolist(), Y.tolist()), seed=1, **options)
    (file,) = tmp_path.glob("data-*.npz")
    assert first.verify() and second.verify()
    assert first.resume(epochs=3, workers=0).history["n_test"] == [12] * 3
    assert set(second.model.predict(X)) <= {"left", "right"}
    assert str(file) in (first.folder / "config.json").read_text()
    with pytest.raises(GradMQError, match="epochs must be at least 1"):
        train((X, Y), **{**options, "epochs": 0})
    assert file.exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X, Y[:5]), "has 60 samples but 5 labels"),
        ((np.array([["a", 1]], object), ["b"]), "x holds object, which is not all numbers; give a DataFrame"),
        ((X, ["left", None] * 30), "the data, row 1: what is to be predicted is missing"),
        (X, "ndarray is no data; give a path, a pair"),
    ],
)
def test_wrong_arrays_are_refused_and_not_kept(tmp_path, data, message):
    with pytest.raises(GradMQError, match=message):
        train(data, workers=0, runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_table_is_a_data_frame_or_columns_or_a_file(tmp_path):
    frame = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "side": Y})
    frame.to_csv(tmp_path / "table.csv", index=False)
    options = {"target": "side", "test": 0.25, "hidden": 4, "epochs": 2, "workers": 0, "runs": tmp_path / "runs"}
    columns = {name: frame[name].tolist() for name in frame}
    runs = [train(data, **options) for data in (tmp_path / "table.csv", frame, columns)]
    assert len({run.fingerprint for run in runs}) == 1
    assert len([*(tmp_path / "runs").glob("data-*.table")]) == 1
    assert runs[1].verify(last=0)
    assert runs[0].history["n_test"] == [15, 15]
    assert runs[0].config.activation == "relu"  # as tables suggest
    assert runs[0].model.predict({"b": [0.0], "a": [1.0]})[0] in ("left", "right")


def test_a_data_frame_keeps_its_names_and_types(tmp_path):
    """A CSV would take names that are numbers for a sample, and "01" for 1."""
    frame = pandas.DataFrame(X).assign(code=np.array(["01", "1"] * 30), is_left=Y == "left")
    options = {"hidden": 4, "epochs": 1, "workers": 0, "runs": tmp_path}
    by_code = train(frame.drop(columns="is_left"), target="code", **options)
    assert by_code.model.classes == ["01", "1"]
    assert by_code.model.encoding.input_names == ["0", "1", "2"]
    by_number = train(frame.drop(columns=["code", "is_left"]).assign(wanted=[3, 5] * 30), target="wanted", **options)
    assert by_number.model.predict(frame).dtype == np.int64
    flags = train(frame, target="is_left", ignore="code", **options).model
    assert flags.classes == [False, True]
    assert flags.score(frame, frame["is_left"]) == np.mean(flags.predict(frame) == frame["is_left"].to_numpy())


def test_a_pair_with_a_data_frame_is_the_table_of_both(tmp_path):
    frame = pandas.DataFrame({"a": X[:, 0], "word": ["x", "y", "x"] * 20, "target": X[:, 1]})
    sides = pandas.Series(Y, name="side")
    options = {"hidden": 4, "epochs": 1, "workers": 0, "runs": tmp_path}
    plain = train(frame.assign(side=sides), target="side", **options)
    for y in (sides, sides.to_frame()):
        pair = train((frame, y), **options)
        assert pair.fingerprint == plain.fingerprint
    assert pair.model.encoding.target == ("side",)
    assert pair.model.encoding.input_names == plain.model.encoding.input_names
    unnamed = train((frame, Y), **options)
    assert unnamed.model.encoding.target == ("target_",)
    assert list(unnamed.model.predict(frame)) == list(pair.model.predict(frame))
    numbers = train((frame.drop(columns="word"), X * 3), **options)
    assert numbers.model.encoding.target[0] == "target_0"
    with pytest.raises(GradMQError, match=r"target is the y of a pair \(x, y\), got 'word'"):
        train((frame, sides), target="word", **options)
    with pytest.raises(GradMQError, match="x has 60 rows, and y 5; give as many"):
        train((frame, Y[:5]), **options)


def test_a_data_frames_columns_can_be_left_out_whatever_they_hold(tmp_path):
    days = pandas.date_range("2024-01-01", periods=60)
    frame = pandas.DataFrame({"a": X[:, 0], "day": days, "list": [[1]] * 60, "side": Y})
    options = {"target": "side", "hidden": 4, "epochs": 1, "workers": 0, "runs": tmp_path}
    assert train(frame, ignore=["day", "list"], **options).model.encoding.input_names == ["a"]
    with pytest.raises(GradMQError, match=r"column day: 2024-01-01.* is neither a number nor a text; leave the column"):
        train(frame, ignore="list", **options)


def test_answers_are_scored_by_what_they_are_and_not_by_their_type(tmp_path):
    model = train((X, [3, 5] * 30), hidden=4, epochs=1, workers=0, runs=tmp_path).model
    expected = np.mean(model.predict(X) == [3, 5] * 30)
    for answers in ([3, 5] * 30, ["3", "5"] * 30, [3.0, 5.0] * 30, np.array([3, 5] * 30, object)):
        assert model.score(X, answers) == expected
    with pytest.raises(GradMQError, match="row 1: 4 is none of the classes 3, 5; correct it"):
        model.score(X, [3, 4] * 30)
    with pytest.raises(GradMQError, match="there are 2 answers for 60 samples; give one for each"):
        model.score(X, [3, 5])
    numbers = train((X, X[:, 0] * 3), hidden=4, epochs=1, workers=0, runs=tmp_path).model
    assert numbers.score(X, np.full(60, 7.0)) == 0
    with pytest.raises(GradMQError, match="the answers are texts, and the model predicts numbers"):
        numbers.score(X, Y)


def test_a_file_of_samples_stays_while_another_training_needs_it(tmp_path):
    with kept((X, Y), tmp_path / "runs") as path:
        with pytest.raises(ZeroDivisionError), kept((X, Y), tmp_path / "runs"):
            _ = 1 / 0
        assert path.exists()
    with pytest.raises(ZeroDivisionError), kept((X, Y), tmp_path / "runs"):
        _ = 1 / 0
    assert not (tmp_path / "runs").exists()


def test_a_table_without_names_can_be_predicted_of_by_numbers(tmp_path):
    np.save(tmp_path / "a.npy", np.column_stack([X, np.arange(60) % 2]))
    run = train(tmp_path / "a.npy", target=3, hidden=4, epochs=1, workers=0, runs=tmp_path / "runs")
    assert run.model.encoding.target == ("3",)


def test_moved_samples_take_the_files_beside_them_along(tmp_path):
    (tmp_path / "here").mkdir()
    frame = pandas.DataFrame({"a": X[:, 0], "side": Y})
    frame.to_csv(tmp_path / "here" / "train.csv", index=False)
    frame[:20].to_csv(tmp_path / "here" / "test.csv", index=False)
    options = {"target": "side", "test": tmp_path / "here" / "test.csv", "runs": tmp_path / "runs", "workers": 0}
    run = train(tmp_path / "here" / "train.csv", hidden=4, epochs=1, **options)
    (tmp_path / "here").rename(tmp_path / "there")
    assert run.resume(epochs=2, data=tmp_path / "there" / "train.csv", workers=0).history["n_test"] == [20, 20]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": "28"}, "image_size must be a height and a width, got '28'; like 28, 28"),
        ({"validation": (X, Y)}, "validation must be a share of the samples, or a file of others"),
        ({"test": True}, "test must be a share of the samples"),
        ({"stratify": "yes"}, "stratify must be True or False, got 'yes'"),
        ({"task": 3}, "task must be a word, got 3"),
    ],
)
def test_wrong_options_about_data_are_told_in_a_line(small_data, tmp_path, options, message):
    with pytest.raises(GradMQError) as refused:
        train(small_data, workers=0, runs=tmp_path / "runs", **options)
    assert str(refused.value).startswith(message)


def test_wrong_samples_for_a_model_are_told_in_a_line(tmp_path):
    model = train({"a": X[:, 0], "y": Y}, target="y", hidden=4, epochs=1, workers=0, runs=tmp_path).model
    with pytest.raises(GradMQError, match=r"column a has shape \(\); give a list of values for each column"):
        model.predict({"a": 1})
    with pytest.raises(GradMQError, match="column b has shape"):
        model.predict({"a": [1, 2], "b": [1]})


def test_samples_have_weights(tmp_path, small_data):
    options = {"hidden": 4, "epochs": 1, "workers": 0, "runs": tmp_path}
    weights = np.linspace(1, 2, 1000)
    np.save(tmp_path / "weights.npy", weights)
    by_file, by_array = (
        train(small_data, sample_weights=each, **options) for each in (tmp_path / "weights.npy", weights)
    )
    assert by_file.fingerprint == by_array.fingerprint != train(small_data, **options).fingerprint
    with pytest.raises(GradMQError, match="sample_weights must be numbers above 0"):
        train(small_data, sample_weights=[-1.0], **options)


def test_a_run_can_be_watched(small_data, tmp_path):
    options = {"hidden": 4, "workers": 0, "runs": tmp_path}
    watching = Watching(csv=tmp_path / "epochs.csv")
    run = train(small_data, epochs=1, watching=watching, **options)
    run.resume(epochs=2, workers=0, watching=watching)
    assert (tmp_path / "epochs.csv").read_text().count(f"{run.id},") == 2


def test_a_report_is_written(run, tmp_path):
    assert run.report(tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_a_folder_that_somebody_else_has_locked_meanwhile_is_not_removed(small_data, tmp_path, monkeypatch):
    create, others = RunFolder.create, []

    def created_and_taken(*arguments: object) -> RunFolder:
        run = create(*arguments)
        others.append(RunFolder.open(str(run.folder), tmp_path))
        others[-1].lock()
        return run

    monkeypatch.setattr(RunFolder, "create", created_and_taken)
    with pytest.raises(GradMQError, match="is driven by another coordinator"):
        train(small_data, runs=tmp_path, **SMALL)
    (other,) = others
    assert (other.folder / "config.json").is_file()
    other.unlock()


def test_a_folder_that_is_there_already_is_not_removed(small_data, tmp_path, monkeypatch):
    monkeypatch.setattr("coordinator.runs.run.time.strftime", lambda _: "20261126-000000")
    monkeypatch.setattr("coordinator.runs.run.secrets.token_hex", lambda _: "abcdef")
    folder = tmp_path / "20261126-000000-abcdef"
    folder.mkdir()
    (folder / "thesis.txt").touch()
    with pytest.raises(GradMQError, match="cannot be written: File exists"):
        train(small_data, runs=tmp_path, **SMALL)
    assert (folder / "thesis.txt").exists()


@pytest.fixture
def going_on(run, tmp_path):
    """A copy of the run, as a coordinator that drives it leaves it for a moment: its checkpoint knows of more epochs
    than anybody has read of, and a line is written in part."""
    folder = shutil.copytree(run.folder, tmp_path / run.id)
    driver = RunFolder.open(str(folder), tmp_path)
    driver.lock()
    lines = (folder / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "metrics.jsonl").write_text(lines[0] + lines[1][:100])
    yield folder
    driver.unlock()


def test_a_run_that_is_being_trained_is_compared_as_far_as_it_is(going_on, main_here, capsys, caplog):
    found = Run(going_on).verify()
    assert found
    assert [each.what.count("/") for each in found.comparisons] == [1]  # an epoch, and neither models nor checkpoint
    assert main_here("verify", str(going_on)) == 0
    assert f"run {going_on.name} is being trained; compared are the 1 epochs so far" in caplog.text
    assert "all 1 comparisons are identical" in capsys.readouterr().out
    (going_on / "metrics.jsonl").write_text("")
    with pytest.raises(GradMQError, match="is being trained, and has recorded nothing yet; wait for its first epoch"):
        Run(going_on).verify()


def test_what_decides_the_bits_is_no_option_of_going_on(run):
    with pytest.raises(GradMQError, match="learning_rate is no option of going on, got 3; what decides the bits stays"):
        run.resume(learning_rate=3)
