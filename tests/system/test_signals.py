"""Stopping at any moment is quick and clean."""

import os
import shutil
import signal
import sys
import time

import pytest

from coordinator.runs.model_file import load_model
from shared.signals import Stopped
from tests.support.command import run
from tests.support.processes import SESSION, is_alive, wait_for_the_end_of
from tests.support.program import job, model
from tests.support.waiting import wait_until


def test_nothing_survives_a_coordinator_killed_with_9(gradmq, small_data):
    program = gradmq(*job(small_data, 10_000, workers=2))
    program.wait_for("Epoch 0:")
    # The second process of a worker may still be on its way.
    program.wait_until(lambda: len(program.descendants()) >= 6, "the watchdog, Redis, and two processes a worker")
    everyone = program.descendants()
    os.kill(program.process.pid, signal.SIGKILL)
    assert program.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)
    assert load_model(model(program)).parameters.sizes == (196, 12, 10)


def test_nothing_survives_a_coordinator_killed_with_9_after_its_watchdog(gradmq, small_data):
    program = gradmq(*job(small_data, 10_000, workers=1))
    program.wait_for("Epoch 0:")
    for times in (1, 2):  # the first of them leads the group of processes
        (watchdog,) = program.wait_until(
            lambda: [each for each in program.descendants("watchdog.py") if is_alive(each)], "a watchdog"
        )
        watchdog.kill()
        program.wait_for("the watchdog has ended; starting another", times)
    program.wait_until(lambda: len(program.descendants()) >= 4, "a watchdog, Redis, and two processes of the worker")
    everyone = program.descendants()
    program.process.kill()
    assert program.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)


@pytest.mark.skipif(sys.platform != "linux", reason="no other system tells a process of its parent's death")
def test_no_process_survives_a_coordinator_killed_with_9_at_the_same_moment_as_its_watchdog(gradmq, small_data):
    before = set(SESSION.iterdir())
    program = gradmq(*job(small_data, 10_000, workers=1))
    program.wait_for("Epoch 0:")
    everyone = program.descendants()
    program.process.send_signal(signal.SIGSTOP)  # so that it cannot start another
    (watchdog,) = program.descendants("watchdog.py")
    watchdog.kill()
    program.process.kill()
    assert program.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)
    (folder,) = set(SESSION.iterdir()) - before  # which nobody is left to remove
    shutil.rmtree(folder)


AT_ONCE = 10.0  # seconds on a machine that runs other tests too; alone it takes less than one
MOMENTS = ["", "run ", "Epoch 0:", "Epoch 3:", "Epoch 9:"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_stops_at_once_at_any_moment_and_keeps_the_model(gradmq, small_data, moment):
    program = gradmq(*job(small_data, 10_000, workers=2))
    if moment:
        program.wait_for(moment)
    else:  # in the middle of the imports
        program.wait_until(lambda: "numpy" in str(program.group.memory_maps()), "NumPy in its memory")
    everyone = program.descendants()
    pressed = time.monotonic()
    os.killpg(program.process.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
    assert program.end() == 130, program.text()
    assert time.monotonic() - pressed < AT_ONCE
    assert "Traceback" not in program.text()
    wait_for_the_end_of(everyone)
    if "Epoch" in moment:
        assert "the model so far is" in program.text()
        assert load_model(model(program)).parameters.sizes == (196, 12, 10)


def test_a_signal_that_python_would_forget_stops_all_the_same():
    program = """if True:
        import os, signal, sys, time, weakref
        from shared.signals import Stopped, stop_on_signals

        stop_on_signals()
        try:
            thing = set()
            reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
            del thing  # nobody can catch what its callback raises
            print("forgotten")
            time.sleep(300)
        except Stopped as stopped:
            print(stopped.signal_number)
    """
    done = run(sys.executable, "-c", program)
    assert (done.stdout, done.stderr) == ("forgotten\n15\n", "")


def test_sigterm_stops_like_ctrl_c(gradmq, small_data):
    program = gradmq(*job(small_data, 10_000, workers=1))
    program.wait_for("Epoch 0:")
    program.process.terminate()
    assert program.end() == 143
    assert load_model(model(program)).parameters.sizes == (196, 12, 10)


def test_a_run_stopped_before_its_first_step_leaves_nothing(gradmq, small_data, server):
    program = gradmq(*job(small_data, redis=server.url))
    program.wait_for("no worker is there")
    program.process.terminate()
    assert program.end() == 143
    assert list(program.output.parent.glob("runs/*")) == []


def test_a_crash_leaves_no_folder(gradmq, small_data):
    before = set(SESSION.iterdir())
    program = gradmq(*job(small_data, 10_000, workers=1))
    program.wait_for("Epoch 0:")
    assert len(set(SESSION.iterdir()) - before) == 1  # ours; Celery's are in it
    program.process.kill()
    wait_until(lambda: set(SESSION.iterdir()) <= before, "the folder to go")


@pytest.mark.parametrize("command", ["verify", "resume"])
def test_ctrl_c_before_the_first_step_is_answered_by_one_line(main_here, monkeypatch, capsys, left, command):
    def interrupted(*_: object) -> None:
        raise Stopped(signal.SIGINT)

    monkeypatch.setattr("coordinator.runs.run.load_dataset", interrupted)
    assert (main_here(command, str(left)), capsys.readouterr()) == (130, ("", "gradmq: stopped\n"))
