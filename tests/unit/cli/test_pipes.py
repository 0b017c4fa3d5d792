"""A pipe where an option names a file: refused in a line, and never waited for."""

import os

import pytest

import gradmq


@pytest.mark.parametrize(
    "command",
    [
        "train --config pipe.toml",
        "train --config pipe.json",
        "train --from pipe.npz",
        "train --sample-weights pipe.npy",
        "train --data arrays.npy --target pipe.npy",
        "sweep pipe.toml",
        "predict pipe.npz table.csv",
    ],
)
def test_a_pipe_is_refused(main_here, small_data, tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    for ending in ("toml", "json", "npz", "npy"):
        os.mkfifo(f"pipe.{ending}")
    (tmp_path / "arrays.npy").write_bytes((small_data / "t10k-labels-idx1-ubyte.gz").read_bytes())
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    before = sorted(os.listdir(tmp_path))
    more = ["--workers", "0"] if command.startswith("train") else []
    assert main_here(*command.split(), *more) == 2
    output = capsys.readouterr()
    assert output.err.count("\n") == 1
    assert "it is no regular file" in output.err or "arrays.npy" in output.err
    assert sorted(os.listdir(tmp_path)) == before


def test_a_pipe_is_no_sweep_in_python_either(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(gradmq.GradMQError, match="it is no regular file"):
        gradmq.sweep(tmp_path / "pipe.toml", runs=tmp_path / "runs")
    assert os.listdir(tmp_path) == ["pipe.toml"]
