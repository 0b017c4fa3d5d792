"""Exit codes that only a real process has; tests/unit/cli/test_exit_codes.py has the others."""

import subprocess
import sys

from tests.support import command
from tests.support.mnist import PROJECT
from tests.support.program import Program

ENVIRONMENT = {"PYTHONPATH": str(PROJECT)}


def test_a_pipe_that_nobody_reads_is_141_and_silent(gradmq, finished):
    inherited = gradmq("show", finished)  # of which nothing is printed but what was asked for
    assert inherited.end() == 0
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    words = [sys.executable, "-P", "-m", "coordinator", "show", finished, "--weights"]
    done = command.run(*words, stdout=reader.stdin, cwd=finished, env=ENVIRONMENT)
    reader.stdin.close()
    assert (done.returncode, done.stderr) == (141, "")


def test_a_disk_that_is_full_under_standard_output_is_74(finished):
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-P", "-m", "coordinator", "show", finished]
        done = command.run(*words, stdout=full, cwd=finished, env=ENVIRONMENT)
    assert done.returncode == 74, done.stderr
    assert done.stderr.startswith("gradmq: No space left on device; check disk")
    assert done.stderr.count("\n") == 1


def test_a_variable_of_train_changes_neither_workers_nor_another_command(gradmq, small_data, fingerprints):
    surprises = {
        **{"GRADMQ_RESUME_EPOCHS": "many", "GRADMQ_VERIFY_EPOCHS": "99", "GRADMQ_WORKER_NAME": "other"},
        **{"GRADMQ_TRAIN_SIZES": "196,12,10", "GRADMQ_TRAIN_DATA": str(small_data), "GRADMQ_TRAIN_EPOCHS": "2"},
        **{"GRADMQ_TRAIN_WORKERS": "1", "GRADMQ_TRAIN_SEED": "0"},
    }
    program: Program = gradmq("train", **surprises)
    assert program.end() == 0, program.text()
    assert fingerprints(2)[-1] in program.text()
    changed = {"GRADMQ_TRAIN_SEED": "9", "GRADMQ_TRAIN_EPOCHS": "many", "GRADMQ_TRAIN_DATA": "nowhere"}
    verified = gradmq("verify", program.run_folder, **changed)
    assert verified.end() == 0, verified.text()
    resumed = gradmq("resume", program.run_folder, **changed)
    assert resumed.end() == 0, resumed.text()
