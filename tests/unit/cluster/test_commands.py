"""The commands of workers and Flower."""

import sys
from pathlib import Path

import worker
from coordinator.cluster.commands import flower_command, worker_command


def test_our_app_is_found_whatever_is_in_the_users_folder():
    python, safe, file, *_ = worker_command("worker1@%h")
    assert (python, safe) == (sys.executable, "-P")
    assert Path(file).parent == Path(worker.__file__).parent
    command = flower_command(5555)
    assert command[:4] == [sys.executable, "-P", "-m", "celery"]
    assert (Path(command[command.index("--workdir") + 1]) / "worker" / "celery.py").is_file()
    assert command[-5:-3] == ["-A", "worker"]


def test_a_worker_has_one_slot_in_a_process_of_its_own():
    command = " ".join(worker_command("worker1@%h", "debug"))
    assert "--hostname worker1@%h --loglevel debug" in command
    assert "--pool prefork --concurrency 1" in command


def test_flower_is_for_this_machine_alone():
    assert flower_command(5555)[-3:] == ["flower", "--address=127.0.0.1", "--port=5555"]
