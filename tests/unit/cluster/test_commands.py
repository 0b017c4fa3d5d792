"""The commands of workers and Flower."""

import sys
from pathlib import Path

import yaml

import worker
from coordinator.cluster.commands import flower_command, flower_settings, worker_command
from tests.support.mnist import PROJECT


def test_our_app_is_found_whatever_is_in_the_users_folder():
    python, safe, file, *_ = worker_command("worker1@%h")
    assert (python, safe) == (sys.executable, "-P")
    assert Path(file).parent == Path(worker.__file__).parent
    python, safe, file, *_ = flower_command(5555)
    assert (python, safe) == (sys.executable, "-P")
    assert Path(file).is_file()


def test_a_worker_has_one_slot_in_a_process_of_its_own():
    command = " ".join(worker_command("worker1@%h", "debug"))
    assert "--hostname worker1@%h --loglevel debug" in command
    assert "--pool prefork --concurrency 1" in command


def test_flower_is_for_this_machine_alone():
    assert flower_command(5555)[-2:] == ["--address=127.0.0.1", "--port=5555"]


def test_flowers_password_is_in_no_list_of_processes():
    assert flower_settings("secret")["FLOWER_BASIC_AUTH"] == "gradmq:secret"


def test_flower_remembers_as_much_embedded_as_in_the_cluster():
    cluster = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]["flower"]["environment"]
    ours = flower_settings("secret")
    del ours["FLOWER_BASIC_AUTH"]
    assert ours.items() <= cluster.items()
