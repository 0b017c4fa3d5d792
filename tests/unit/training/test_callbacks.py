"""Several who listen to the loop, and what becomes of one that fails."""

import pytest

from shared.data.dataset import Dataset
from shared.errors import RunError
from shared.training.callbacks import Callback, Callbacks
from shared.training.in_process import InProcessGradients
from shared.training.loop import train
from shared.training.state import TrainingState
from tests.support.learning import CONFIG, SAMPLES

EVENTS = ("on_begin", "after_step", "after_epoch", "on_stop")


class Listener(Callback):
    """Notes which events it hears, and fails at one."""

    def __init__(self, fails_at: str = "", by: BaseException | None = None, optional: bool = False) -> None:
        self.heard: list[str] = []
        self.optional = optional
        self._fails_at, self._by = fails_at, by or ValueError("of the listener")

    def _hear(self, event: str) -> None:
        self.heard.append(event)
        if event == self._fails_at:
            raise self._by

    def on_begin(self, state):
        self._hear("on_begin")

    def after_step(self, state, result, source):
        self._hear("after_step")

    def after_epoch(self, state, metrics):
        self._hear("after_epoch")

    def on_stop(self, state):
        self._hear("on_stop")


def train_before(*listeners: Callback) -> TrainingState:
    state = TrainingState.initial(CONFIG)
    data = Dataset(SAMPLES, SAMPLES, SAMPLES)
    train(CONFIG, data, InProcessGradients(CONFIG, data), state, Callbacks(listeners))
    return state


WHOLE = ["on_begin", *["after_step"] * 10, "after_epoch"]


@pytest.mark.parametrize("event", EVENTS[:3])
def test_an_optional_one_that_fails_is_told_no_more_and_the_run_goes_on(event, caplog):
    failing, other = Listener(event, optional=True), Listener()
    state = train_before(failing, other)
    assert other.heard == WHOLE
    assert failing.heard == WHOLE[: WHOLE.index(event) + 1]
    assert state.parameters.sha256 == train_before().parameters.sha256
    (line,) = caplog.records
    assert line.getMessage() == "Listener failed; the run goes on without it"
    assert line.exc_info is not None


def test_an_optional_one_that_fails_at_the_stop_keeps_it_from_nobody(caplog):
    failing, other = Listener("on_stop", optional=True), Listener()
    with pytest.raises(KeyboardInterrupt):
        train_before(failing, Listener("after_step", KeyboardInterrupt()), other)
    assert other.heard == ["on_begin", "on_stop"]
    assert [line.getMessage() for line in caplog.records] == ["Listener failed; the run goes on without it"]


@pytest.mark.parametrize("event", EVENTS[:3])
@pytest.mark.parametrize("by", [RunError("the disk is full"), BrokenPipeError(), ValueError("a mistake")])
def test_any_other_that_fails_ends_the_run_by_its_error(event, by, caplog):
    failing, other = Listener(event, by), Listener()
    with pytest.raises(type(by)) as passed:
        train_before(failing, other)
    assert passed.value is by
    assert other.heard == WHOLE[: WHOLE.index(event)]
    assert not caplog.records  # whoever shows the error says it


@pytest.mark.parametrize("optional", [False, True])
def test_an_interrupt_passes_through(optional):
    failing, other = Listener("after_step", KeyboardInterrupt(), optional), Listener()
    with pytest.raises(KeyboardInterrupt):
        train_before(failing, other)
    assert other.heard == ["on_begin", "on_stop"]


def test_nobody_is_optional_who_does_not_say_so():
    assert not Callback.optional


def test_all_are_told_in_the_order_in_which_they_were_given():
    told: list[int] = []

    class Numbered(Callback):
        def __init__(self, number: int) -> None:
            self._number = number

        def on_begin(self, state):
            told.append(self._number)

    Callbacks(map(Numbered, range(3))).on_begin(TrainingState.initial(CONFIG))
    assert told == [0, 1, 2]


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_passed_on(event):
    listener = Listener()
    arguments = {"on_begin": 1, "after_step": 3, "after_epoch": 2, "on_stop": 1}
    getattr(Callbacks([listener]), event)(*[None] * arguments[event])
    assert listener.heard == [event]


def test_who_overrides_nothing_hears_nothing():
    assert train_before(Callback()).epoch == 1
