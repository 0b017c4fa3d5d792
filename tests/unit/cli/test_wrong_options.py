"""A wrong option ends with one line that says what, with which value, and what to do, and exit code 2."""

import os

import pytest

from coordinator.cluster import preflight


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--sizes 196,30", "--sizes must end with 10, the number of classes in the data, got 196,30"),
        ("--sizes 5,3,10", "--sizes must begin with 196, the number of inputs in the data, got 5,3,10"),
        ("--sizes 196", "at least two layers"),
        ("--sizes 196,0,10", "got 196,0,10"),
        ("--sizes 196,-3,10", "got 196,-3,10"),
        ("--sizes 196;10", "'196;10'"),
        ("--sizes 196,1000000000,10", "MiB of weights"),
        ("--epochs 0", "--epochs must be at least 1, got 0"),
        ("--epochs x", "'x'"),
        ("--mini-batch-size 0", "--mini-batch-size must be at least 1, got 0"),
        ("--mini-batch-size -1", "got -1"),
        ("--mini-batch-size 1001", "--mini-batch-size must be at most 1000, the number of training samples, got 1001"),
        ("--eta nan", "--learning-rate must be a finite number above 0, got nan"),
        ("--eta inf", "got inf"),
        ("--eta 0", "got 0.0"),
        ("--eta -1", "got -1.0"),
        ("--eta three", "'three'"),
        ("--seed -1", "--seed must be between 0"),
        ("--seed 18446744073709551616", "--seed must be between 0"),
        ("--shards 0", "--shards must be at least 1, got 0"),
        ("--shards 2", "--shards has no meaning in exact arithmetic, got 2; leave it out"),
        ("--dtype float32", "--dtype must be float64 in exact arithmetic, got float32; leave it out, or choose native"),
        (
            "--initializer standard-normal",
            "--initializer must be one of normal, nielsen, lecun, glorot, he in exact",
        ),
        ("--arithmetic fast", "'fast' is not one of 'exact', 'native'"),
        ("--mini-batch-size 3000000", "--mini-batch-size must be at most 2097152 for exact sums, got 3000000; choose"),
        ("--batches-per-task 0", "--batches-per-task must be at least 1"),
        ("--workers -1", "--workers must be between 0 and 256, got -1"),
        ("--workers 100000", "got 100000"),
        ("--audit 2", "--audit must be between 0 and 1, got 2.0"),
        ("--dtype float16", "'float16'"),
        ("--data nowhere", "gradmq: nowhere cannot be read: No such file or directory; give a .csv or"),
        (f"--data {'x' * 300}", "File name too long"),
        ("--data /dev/null", "/dev/null"),
        ("--redis redis://127.0.0.1:1 --workers 2", "give one of them"),
        ("--redis http://x", "http://x is not the address of a Redis"),
        ("--redis redis://x:port", "not the address of a Redis"),
        ("--redis redis://x/zzz", "database 'zzz'"),
        ("--redis redis://x/0?foo=1", "option foo"),
        ("--redis redis://x/0?protocol=3", "option protocol"),
        ("--broker redis://127.0.0.1:1/0", "--broker goes with --redis"),
        (f"--sizes 196,{'9' * 400},10", "MiB of weights"),
        ("--flower 0", "0 is not in the range"),
        ("--flower 5555 --workers 0", "it starts none"),
        (
            "--audit 0.1 --workers 0",
            "--audit is about the replies of workers, and with --workers 0 there are none, got 0.1",
        ),
        (
            "--audit-by workers --workers 0",
            "--audit-by is about the replies of workers, and with --workers 0 there are",
        ),
        (
            "--batches-per-task 5 --workers 0",
            "--batches-per-task is the length of tasks for workers, and with --workers 0",
        ),
        ("--colour red", "--colour"),
    ],
)
def test_a_wrong_option_is_named_with_its_value(main_here, small_data, tmp_path, monkeypatch, capsys, options, named):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(preflight, "_START", 0.0)  # nobody is starting a Redis just now
    given = ["--sizes", "196,12,10", "--data", str(small_data), "--epochs", "1", *options.split()]
    code = main_here("train", *given)
    output = capsys.readouterr()
    assert (code, output.out, output.err.count("\n")) == (2, "", 1), output
    assert output.err.startswith("gradmq: ")
    assert named in output.err
    assert os.listdir(tmp_path) == []
