"""How much each worker gets, told by workers of given speeds and a clock."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.workers.shares import Shares, divide
from tests.support.clock import Clock


@dataclass
class Worker:
    """Takes so many seconds for a reply, and for each sample."""

    reply: float = 0.0
    sample: float = 0.001

    def slower(self, times: float) -> "Worker":
        return Worker(self.reply * times, self.sample * times)


class Told:
    """A run of steps by such workers."""

    def __init__(self, n_samples: int, **workers: Worker) -> None:
        self.clock, self.workers, self._n_samples = Clock(), workers, n_samples
        self.shares = Shares(n_samples, self.clock)
        self.seen: list[list[int]] = []  # all shares in turn
        self.steps: list[float] = []  # seconds of each

    def run(self, seconds: float) -> list[int]:
        """Take steps for so long; return the last one's shares."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.shares.review([*self.workers])
            shares = self.shares.of([*self.workers], self._n_samples)
            if not self.seen or self.seen[-1] != shares:
                self.seen.append(shares)
            times = self.times(shares)
            for worker, share, taken in zip(self.workers, shares, times, strict=True):
                if share:
                    self.shares.replied(worker, share, taken)
            self.steps.append(max(times))
            self.clock.advance(max(times))
            if max(times) > 0:
                self.shares.stepped(max(times))
        return self.seen[-1]

    def times(self, shares: list[int]) -> list[float]:
        return [
            worker.reply + worker.sample * share if share else 0.0
            for worker, share in zip(self.workers.values(), shares, strict=True)
        ]

    @property
    def step(self) -> float:
        """The mean seconds of a step lately."""
        latest = self.steps[-len(self.steps) // 4 :]
        return sum(latest) / len(latest)


@pytest.mark.parametrize("n_workers", [2, 3, 64])
def test_equal_workers_have_equal_shares_for_ever(n_workers):
    told = Told(192, **{f"worker{number:02}": Worker() for number in range(n_workers)})
    told.run(10)
    assert told.seen == [[192 // n_workers] * n_workers]


@pytest.mark.parametrize("n_samples", [20, 100, 512])
@pytest.mark.parametrize("n_workers", [2, 3])
def test_with_one_worker_slowed_to_a_third_a_step_takes_what_speeds_allow(n_samples, n_workers):
    told = Told(n_samples, a=Worker(), slow=Worker().slower(3), **({"z": Worker()} if n_workers == 3 else {}))
    told.run(8)
    allowed = n_samples * 0.001 / (n_workers - 1 + 1 / 3)
    assert told.step < 1.15 * allowed
    assert len(told.seen) <= 12  # now and then it is seen whether the idlest can do more


def test_a_worker_half_as_fast_gets_half_as_much():
    assert Told(90, fast=Worker(), slow=Worker().slower(2)).run(3) == pytest.approx([60, 30], abs=3)


def test_a_worker_that_is_fast_again_gets_its_share_again():
    told = Told(100, a=Worker(), b=Worker().slower(5))
    told.run(3)
    assert told.seen[-1][1] < 20
    told.workers["b"] = Worker()
    assert told.run(3) == pytest.approx([50, 50], abs=4)


@pytest.mark.parametrize("n_samples", [10, 100])
def test_what_a_reply_costs_besides_does_not_keep_a_small_share_small(n_samples):
    """As in the notebook's job, where a sample takes a tenth of what a reply costs anyway."""
    equal = Worker(0.0002, 0.00002)
    told = Told(n_samples, a=equal, b=equal.slower(100))
    assert told.run(3) == [n_samples, 0]
    told.workers["b"] = equal
    told.run(20)
    assert told.step < 1.15 * (equal.reply + n_samples / 2 * equal.sample)


def test_a_worker_slowed_to_a_third_costs_small_jobs_no_more_than_speeds_allow():
    told = Told(10, a=Worker(0.002, 0.0002), b=Worker(0.002, 0.0002).slower(3))
    told.run(20)
    assert told.step < 1.15 * 0.004  # without it


@pytest.mark.parametrize("slower", [0.7, 1.4])
def test_shares_stay_where_samples_take_no_time_at_all(slower):
    """Times tell nothing of shares then, and must not have them drift: what was of no use is taken back."""
    equal = Worker(0.003, 0.0)
    told = Told(10, a=equal, b=equal.slower(slower))
    assert told.run(60) == [5, 5]
    assert len(told.seen) < 30


def test_differences_of_a_few_percent_change_nothing():
    told = Told(100, a=Worker(), b=Worker(sample=0.00105))
    told.run(30)
    assert told.seen == [[50, 50]]


def test_five_replies_are_needed():
    told = Told(2, a=Worker(), b=Worker().slower(3))
    for _ in range(4):
        told.shares.of(["a", "b"], 2)
        told.clock.advance(1)
        told.shares.replied("a", 1, 0.001)
        told.shares.replied("b", 1, 0.100)
        told.shares.review(["a", "b"])
        assert told.shares.changes == 0


def test_replies_that_come_at_once_count_as_one():
    shares = Shares(10, clock := Clock())
    assert shares.of(["a", "b"], 10) == [5, 5]
    for _ in range(100):
        clock.advance(0.00001)
        shares.replied("a", 5, 0.001)
        shares.replied("b", 5, 0.100)
    clock.advance(1)
    shares.review(["a", "b"])
    assert shares.of(["a", "b"], 10) == [5, 5]


def test_who_is_held_up_for_a_moment_keeps_its_share():
    told = Told(100, a=Worker(), b=Worker())
    told.run(1)
    told.workers["b"] = Worker().slower(20)
    told.run(1)  # a single step
    told.workers["b"] = Worker()
    told.run(1)
    assert told.seen == [[50, 50]]


def test_where_steps_take_long_a_slowed_worker_is_noticed_within_a_dozen():
    told = Told(512, a=Worker(), b=Worker())
    told.run(60)  # 234 steps, of which the latest fifteen matter
    told.workers["b"] = Worker().slower(3)
    told.run(12 * 0.768)
    assert told.seen[-1][1] < 200


def test_a_new_worker_has_the_mean_share():
    told = Told(90, fast=Worker(), slow=Worker().slower(2))
    told.run(3)
    before = dict(zip(told.workers, told.seen[-1], strict=True))
    told.workers["new"] = Worker()
    told.run(0.001)
    assert told.seen[-1][2] == pytest.approx(30, abs=1)
    assert told.seen[-1][0] / told.seen[-1][1] == pytest.approx(before["fast"] / before["slow"], rel=0.1)


def test_an_epochs_last_step_is_shared_out_alike_and_changes_nothing():
    told = Told(100, a=Worker(), b=Worker().slower(3))
    told.run(3)
    changes = told.shares.changes
    assert told.shares.of(["a", "b"], 40) == pytest.approx([30, 10], abs=2)
    assert told.shares.of(["a", "b"], 1) == [1, 0]
    assert told.shares.of(["a", "b"], 100) == told.seen[-1]
    assert told.shares.changes == changes


# Who gets nothing.


def test_who_takes_longer_for_one_sample_than_others_for_all_gets_nothing_for_ten_seconds(caplog):
    caplog.set_level("INFO")
    told = Told(10, fast=Worker(), slow=Worker().slower(50))
    assert told.run(3) == [10, 0]
    assert not caplog.records  # it is being tried
    told.run(3)
    (line,) = caplog.records
    assert line.worker == "slow"
    why = "takes 5.6 times as long for one sample as the others for theirs"
    assert line.getMessage() == f"{why}; a step takes 10 ms without it, 50 with it; it pauses for 10 s"
    assert told.shares.pausing == {"slow"}
    told.run(6)
    assert told.seen[-1] == [10, 0]
    told.run(4.5)
    assert [9, 1] in told.seen[-2:]  # it is tried again, with one sample


def test_who_seemed_slow_and_whose_pause_is_of_no_use_has_its_share_again(caplog):
    """Of two processes on a busy machine either waits for the other; steps take the same, whoever pauses."""
    caplog.set_level("INFO")
    told = Told(10, fast=Worker(), slow=Worker().slower(50))
    told.run(2)
    told.workers["fast"] = Worker().slower(5)  # as long as with both, and not known before
    told.run(5)
    assert not caplog.records
    assert told.shares.pausing == set()
    told.workers = {"fast": Worker(), "slow": Worker()}
    assert told.run(5) == pytest.approx([5, 5], abs=1)


def test_pauses_of_one_worker_double_up_to_ten_minutes(caplog):
    caplog.set_level("INFO")
    told = Told(10, fast=Worker(sample=0.01), slow=Worker(sample=0.5))
    told.run(2600)
    pauses = [record.getMessage().rsplit("pauses for ")[1] for record in caplog.records]
    assert pauses[:8] == ["10 s", "20 s", "40 s", "80 s", "160 s", "320 s", "600 s", "600 s"]


def test_who_was_slow_for_a_while_has_its_share_again_after_the_pause():
    told = Told(100, a=Worker(), b=Worker().slower(200))
    told.run(75)
    assert told.seen[-1] == [100, 0]
    told.workers["b"] = Worker()
    assert told.run(25) == pytest.approx([50, 50], abs=4)


def test_whoever_is_alone_gets_all_even_if_it_should_pause(caplog):
    caplog.set_level("INFO")
    told = Told(10, fast=Worker(), slow=Worker().slower(50))
    told.run(6)
    assert told.shares.of(["slow"], 10) == [10]
    del told.workers["fast"]
    told.run(0.5)
    assert told.shares.pausing == {"slow"}  # the other may only be on its way
    told.run(2)
    assert told.shares.pausing == set()
    assert caplog.records[-1].getMessage() == "gets work again before its pause is over: nobody else is there"


def test_only_the_slowest_pauses_at_a_time(caplog):
    caplog.set_level("INFO")
    told = Told(30, a=Worker(), b=Worker(), c=Worker().slower(100), d=Worker().slower(200))
    assert told.run(30) == pytest.approx([15, 15, 0, 0], abs=1)
    assert [record.worker for record in caplog.records][:2] == ["d", "c"]


def test_as_many_workers_as_samples_may_each_have_one():
    told = Told(64, **{f"worker{number:02}": Worker(0.003, 0.0001 * (1 + number / 20)) for number in range(64)})
    told.run(2)
    assert told.seen == [[1] * 64]


# The rule by which samples are divided.


@given(
    n_samples=st.integers(1, 300),
    speeds=st.lists(st.floats(0.01, 100), min_size=1, max_size=20),
)
def test_no_other_division_is_done_sooner(n_samples, speeds):
    shares = divide(n_samples, speeds, [0] * len(speeds))
    assert sum(shares) == n_samples
    longest = max(share / speed for share, speed in zip(shares, speeds, strict=True))
    for share, speed in zip(shares, speeds, strict=True):
        assert share >= 0
        assert (share + 1) / speed >= longest * (1 - 1e-9)  # nobody could take one from the last


@given(n_samples=st.integers(1, 50), speeds=st.lists(st.sampled_from([0.0, 1.0, 50.0]), min_size=1, max_size=20))
def test_who_has_no_speed_gets_nothing_and_the_others_at_least_one_if_that_is_there(n_samples, speeds):
    if not any(speeds):
        return
    least = [int(speed > 0) for speed in speeds]
    shares = divide(n_samples, speeds, least)
    assert sum(shares) == n_samples
    assert all(share == 0 for share, speed in zip(shares, speeds, strict=True) if not speed)
    if sum(least) <= n_samples:
        assert all(share >= each for share, each in zip(shares, least, strict=True))


def test_who_does_not_answer_in_time_gets_a_single_sample_and_shows_what_it_can_do():
    told = Told(100, a=Worker(), b=Worker())
    told.run(1)
    told.shares.silent("b")
    told.run(0.001)
    assert told.seen[-1] == [99, 1]
    assert told.run(10) == pytest.approx([50, 50], abs=8)


def test_a_worker_that_was_slow_for_a_moment_beside_many_has_a_fair_share_again():
    usual = Worker(0.003, 0.0003)
    told = Told(64, slow=usual.slower(30), a=usual, b=usual, c=usual)
    told.run(5)
    assert told.seen[-1][0] <= 1
    told.workers["slow"] = usual
    told.run(60)
    assert told.step < 1.1 * (0.003 + 16 * 0.0003)


def test_nothing_is_reviewed_where_one_worker_is_left():
    told = Told(100, a=Worker(), b=Worker().slower(2))
    told.run(1)
    changes = told.shares.changes
    del told.workers["b"]
    told.run(10)
    assert told.shares.changes == changes


def test_of_very_many_who_fell_silent_the_newest_begin_with_one_sample():
    shares = Shares(10)
    for number in range(3000):
        shares.of(["here", "there"], 10)
        shares.silent(f"gone-{number}")
    assert len(shares._speeds) <= 1003
    assert shares.of(["here", "gone-2999"], 10) == [9, 1]
    assert shares.of(["here", "gone-0"], 10) == [5, 5]
