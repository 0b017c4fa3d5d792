"""Wrong input ends with one line that says what, with which value, and what to do, and an exit code."""

import os
import socket

import pytest

from coordinator.runs.model_file import save_model
from shared.model import SavedModel
from tests.support.learning import drawn
from tests.support.program import Program, job


def complaint(program: Program, code: int = 2) -> str:
    """The one line that the program ended with, and that exit code."""
    assert program.end() == code, program.text()
    text = program.text()
    assert text.count("\n") == 1, text
    assert text.startswith("gradmq: ")
    assert not list(program.output.parent.glob("runs/*")), "a run that never began left a folder"
    return text


def test_no_option_goes_wrong_with_a_traceback_in_the_other_commands(gradmq, small_data, tmp_path):
    text = tmp_path / "text.npz"
    text.write_text("hello")
    assert "text.npz is not a model" in complaint(gradmq("evaluate", text))
    assert "no/model.npz cannot be read: No such file" in complaint(gradmq("show", "no/model.npz"))
    model = tmp_path / "model.npz"
    save_model(model, SavedModel(drawn((5, 3, 2))))
    assert "layers 5,3,2, but the data has 196 inputs" in complaint(gradmq("evaluate", model, "--data", small_data))
    assert "unknown" in complaint(gradmq("unknown")).lower()
    assert "http://x" in complaint(gradmq("worker", "--redis", "http://x"))


@pytest.mark.parametrize("option", ["--redis", "--broker"])
@pytest.mark.parametrize("command", [["train"], ["resume", "run"], ["worker"]])
def test_an_empty_address_means_no_other_one(gradmq, command, option):
    program = gradmq(*command, option, "", GRADMQ_REDIS_URL="redis://127.0.0.1:1")
    line = complaint(program)
    assert f"for '{option}'" in line
    assert ": '' is no address; give one like redis://" in line


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
        line = complaint(gradmq(*command, "--redis", wrong), 77)
        assert "refuses us" in line
        assert "guess" not in line
    open_url = server.tcp_url.replace(":a-secret@", "")
    assert "refuses us" in complaint(gradmq("worker", GRADMQ_REDIS_URL=open_url), 77)


@pytest.mark.parametrize(
    ("broker", "code", "named"),
    [
        ("nonsense://x", 2, "nonsense://x is not the address of a broker"),
        ("memory://x", 2, "memory://x is not the address of a broker"),
        ("amqp://guest:guest@127.0.0.1:1//", 69, "amqp://guest:***@127.0.0.1:1// cannot be used"),
        ("redis://:guess@127.0.0.1:1/0", 69, "redis://:***@127.0.0.1:1/0 cannot be used"),
    ],
)
def test_a_wrong_broker_is_named_without_its_password(gradmq, small_data, server, broker, code, named):
    options = ["--sizes", "196,12,10", "--data", small_data, "--redis", server.url, "--broker", broker]
    assert named in complaint(gradmq("train", *options), code)


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
    assert f"{folder} cannot be written" in complaint(gradmq("train", *options), 73)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("arithmetic", "line"),
    [("native", "gradmq: no longer finite: the gradient at step"), ("exact", "gradmq: a weight has grown to 1.0")],
)
def test_weights_that_grow_without_a_limit_are_reported(gradmq, small_data, arithmetic, line, workers):
    options = ["--sizes", "196,12,10", "--data", small_data, "--workers", workers, "--arithmetic", arithmetic]
    program = gradmq("train", *options, "--learning-rate", "1e300")
    assert program.end() == 2
    assert program.text().splitlines()[-1].startswith(line)
    assert "Warning" not in program.text()
    assert "Traceback" not in program.text()
