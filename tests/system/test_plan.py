"""`gradmq plan` as a user runs it."""

import pytest


@pytest.mark.parametrize("options", [["--arithmetic", "native", "--shards", 4], []])
def test_the_command_prints_a_table_and_advice(gradmq, options):
    program = gradmq("plan", "--sizes", "20,8,4", *options, "--workers", 3, "--bandwidth", 0.001, "--rtt", 20)
    assert program.end() == 0, program.text()
    first, head, *rows, advice = program.text().splitlines()
    assert "workers on other machines, 0.001 Gbit/s, 20 ms" in first
    assert head.startswith("workers")
    assert [row.split()[0] for row in rows] == ["0", "1", "2", "3"]
    assert advice.startswith("No workers are best")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--sizes", "784"),
        ("--mini-batch-size", 0),
        ("--shards", 0),
        ("--workers", 0),
        ("--bandwidth", 0),
        ("--bandwidth", "nan"),
        ("--rtt", -1),
        ("--local-steps", -1),
        ("--replicas", 0),
    ],
)
def test_a_wrong_input_is_one_line_and_exit_code_2(main_here, capsys, option, value):
    assert main_here("plan", option, str(value)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert option in line
