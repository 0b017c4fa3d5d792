"""Wrong input ends with one line that says what, with which value, and what to do, and exit code 2."""

import os
import socket

import numpy as np
import pytest

from coordinator.runs.model_file import load_model, save_model
from shared.errors import ModelError
from shared.messaging.addresses import shown
from shared.parallel.sgd import initial_parameters
from tests.conftest import Program, job


def complaint(program: Program) -> str:
    """The one line that the program ended with."""
    assert program.end(30) == 2, program.text()
    text = program.text()
    assert text.count("\n") == 1, text
    assert text.startswith("gradmq: ")
    assert not list(program.output.parent.glob("runs/*")), "a run that never began left a folder"
    return text


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--sizes 196,30", "last of --sizes 196,30 must be 10"),
        ("--sizes 5,3,10", "first of --sizes 5,3,10 must be 196"),
        ("--sizes 196", "at least two layers"),
        ("--sizes 196,0,10", "got 196,0,10"),
        ("--sizes 196,-3,10", "got 196,-3,10"),
        ("--sizes 196;10", "'196;10'"),
        ("--sizes 196,1000000000,10", "MiB of weights"),
        ("--epochs 0", "--epochs must be at least 1, got 0"),
        ("--epochs x", "'x'"),
        ("--mini-batch-size 0", "--mini-batch-size must be at least 1, got 0"),
        ("--mini-batch-size -1", "got -1"),
        ("--mini-batch-size 1001", "--mini-batch-size 1001 is more than the 1000"),
        ("--eta nan", "got nan"),
        ("--eta inf", "got inf"),
        ("--eta 0", "got 0.0"),
        ("--eta -1", "got -1.0"),
        ("--eta three", "'three'"),
        ("--seed -1", "--seed must be between 0"),
        ("--seed 18446744073709551616", "--seed must be between 0"),
        ("--shards 0", "--shards must be at least 1, got 0"),
        ("--batches-per-task 0", "--batches-per-task must be at least 1"),
        ("--workers -1", "--workers must be between 0 and 256, got -1"),
        ("--workers 100000", "got 100000"),
        ("--audit 2", "--audit must be between 0 and 1, got 2.0"),
        ("--dtype float16", "'float16'"),
        ("--data nowhere", "--data nowhere cannot be read"),
        (f"--data {'x' * 300}", "File name too long"),
        ("--data /dev/null", "/dev/null"),
        ("--redis redis://127.0.0.1:1/0", "redis://127.0.0.1:1/0 cannot be reached"),
        ("--redis redis://127.0.0.1:1 --workers 2", "give one of them"),
        ("--redis http://x", "http://x is not the address of a Redis"),
        ("--redis redis://x:port", "not the address of a Redis"),
        ("--redis unix:///nowhere/redis.sock", "cannot be reached"),
        ("--redis redis://x/zzz", "database 'zzz'"),
        ("--redis redis://x/0?foo=1", "option foo"),
        ("--redis redis://x/0?protocol=3", "option protocol"),
        ("--redis redis://a..b/0", "a..b"),
        ("--broker redis://127.0.0.1:1/0", "--broker goes with --redis"),
        (f"--sizes 196,{'9' * 400},10", "MiB of weights"),
        ("--flower 0", "0 is not in the range"),
        ("--flower 5555 --workers 0", "it starts none"),
        ("--runs /proc/nowhere", "/proc/nowhere cannot be written"),
        ("--colour red", "--colour"),
    ],
)
def test_a_wrong_option_is_named_with_its_value(main_here, small_data, tmp_path, monkeypatch, capsys, options, named):
    monkeypatch.chdir(tmp_path)
    given = ["--sizes", "196,12,10", "--data", str(small_data), "--epochs", "1", *options.split()]
    code = main_here("train", *given)
    output = capsys.readouterr()
    assert (code, output.out, output.err.count("\n")) == (2, "", 1), output
    assert output.err.startswith("gradmq: ")
    assert named in output.err
    assert os.listdir(tmp_path) == []


def test_no_option_goes_wrong_with_a_traceback_in_the_other_commands(gradmq, small_data, tmp_path):
    text = tmp_path / "text.npz"
    text.write_text("hello")
    assert "text.npz is not a model" in complaint(gradmq("evaluate", text))
    assert "no/model.npz cannot be read: No such file" in complaint(gradmq("show", "no/model.npz"))
    model = tmp_path / "model.npz"
    save_model(model, initial_parameters((5, 3, 2), 0, np.float32))
    assert "layers 5,3,2, but the data has 196 inputs" in complaint(gradmq("evaluate", model, "--data", small_data))
    assert "unknown" in complaint(gradmq("unknown")).lower()
    assert "http://x" in complaint(gradmq("worker", "--redis", "http://x"))


@pytest.mark.parametrize("option", ["--redis", "--broker"])
@pytest.mark.parametrize("command", [["train"], ["resume", "run"], ["worker"]])
def test_an_empty_address_means_no_other_one(gradmq, command, option):
    program = gradmq(*command, option, "", GRADMQ_REDIS_URL="redis://127.0.0.1:1")
    assert f"{option}': '' is no address; give one like redis://" in complaint(program)


def test_an_empty_address_in_the_environment_is_none(gradmq, small_data):
    environment = {"GRADMQ_REDIS_URL": "", "GRADMQ_BROKER_URL": ""}
    program = gradmq(*job(small_data, 1, workers=1), **environment)
    assert program.end() == 0, program.text()


def test_a_pipe_is_no_data(gradmq, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is neither a folder nor a file" in complaint(gradmq("train", "--data", tmp_path / "pipe"))


def test_a_wrong_password_is_refused_by_both_sides_and_not_printed(gradmq, small_data, server):
    wrong = server.tcp_url.replace(server.password, "guess")
    for command in (["train", "--sizes", "196,12,10", "--data", small_data], ["worker"]):
        line = complaint(gradmq(*command, "--redis", wrong))
        assert "refuses us" in line
        assert "guess" not in line
    assert "refuses us" in complaint(gradmq("worker", GRADMQ_REDIS_URL=server.tcp_url.replace(":a-secret@", "")))


@pytest.mark.parametrize(
    ("broker", "named"),
    [
        ("nonsense://x", "nonsense://x is not the address of a broker"),
        ("memory://x", "memory://x is not the address of a broker"),
        ("amqp://guest:guest@127.0.0.1:1//", "amqp://guest:***@127.0.0.1:1// cannot be used"),
        ("redis://:guess@127.0.0.1:1/0", "redis://:***@127.0.0.1:1/0 cannot be used"),
    ],
)
def test_a_wrong_broker_is_named_without_its_password(gradmq, small_data, server, broker, named):
    options = ["--sizes", "196,12,10", "--data", small_data, "--redis", server.url, "--broker", broker]
    assert named in complaint(gradmq("train", *options))


@pytest.mark.parametrize(
    ("url", "as_shown"),
    [
        ("redis://:secret@host:1/0", "redis://:***@host:1/0"),
        ("redis://user:se@cret@host/0", "redis://user:***@host/0"),
        ("unix://:secret@/path?db=1", "unix://:***@/path?db=1"),
        ("redis://host/0?password=secret", "redis://host/0?password=***"),
        ("redis://host:port", "redis://host:port"),
        ("user:secret@host", "user:***@host"),
        ("secret", "secret"),
    ],
)
def test_an_address_is_shown_without_its_password(url, as_shown):
    assert shown(url) == as_shown


def test_a_port_in_use_is_named(gradmq, small_data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        options = ["--sizes", "196,12,10", "--data", small_data, "--flower", port, "--workers", 1]
        assert f"--flower {port} cannot be used" in complaint(gradmq("train", *options))


def test_a_folder_without_permission_is_named(gradmq, small_data, tmp_path):
    folder = tmp_path / "read-only"
    folder.write_text("a file where a folder should be")
    options = ["--sizes", "196,12,10", "--data", small_data, "--workers", 0, "--runs", folder]
    assert f"{folder} cannot be written" in complaint(gradmq("train", *options))


def test_weights_that_are_no_longer_finite_are_reported(gradmq, small_data):
    options = ["--sizes", "196,12,10", "--data", small_data, "--workers", 0, "--eta", "1e300"]
    program = gradmq("train", *options)
    assert program.end(30) == 2
    assert "no longer finite" in program.text().splitlines()[-1]
    assert "Warning" not in program.text()
    assert "Traceback" not in program.text()


def archive(**arrays: np.ndarray) -> dict[str, np.ndarray]:
    return arrays


@pytest.mark.parametrize(
    "arrays",
    [
        archive(),
        archive(x=np.zeros(3)),
        archive(W_1=np.zeros((2, 3))),
        archive(W_1=np.zeros((2, 3)), b_1=np.zeros((3, 1))),
        archive(W_1=np.zeros((2, 3)), b_1=np.zeros((2, 1), np.float32)),
        archive(W_1=np.zeros(6), b_1=np.zeros((2, 1))),
        archive(W_1=np.zeros((2, 3), int), b_1=np.zeros((2, 1), int)),
        archive(W_1=np.full((2, 3), np.nan), b_1=np.zeros((2, 1))),
        archive(W_1=np.zeros((2, 3)), b_1=np.array([[object()], [object()]])),
        archive(W_1=np.zeros((2, 3)), b_1=np.float64(1)),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path, arrays):
    path = tmp_path / "model.npz"
    np.savez(path, **arrays)
    with pytest.raises(ModelError, match=r"model\.npz"):
        load_model(path)


@pytest.mark.parametrize("position", range(0, 700, 23))
def test_a_damaged_model_is_refused_or_the_same(tmp_path, position):
    path = tmp_path / "model.npz"
    parameters = initial_parameters((3, 2), 0, np.float32)
    save_model(path, parameters)
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 0x55
    path.write_bytes(content)
    try:
        # Bytes that decide nothing (a date in the archive) may differ.
        assert load_model(path).sha256 == parameters.sha256
    except ModelError:
        pass


def test_a_model_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    parameters = initial_parameters((3, 2), 0, np.float32)
    save_model(path, parameters)
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_model(path, initial_parameters((3, 2), 1, np.float32))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.npz"]
