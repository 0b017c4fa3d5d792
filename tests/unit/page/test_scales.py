"""Which figures an axis names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.page.curves import spread
from coordinator.page.scales import Scale, around, tick_texts, ticks, time_ticks

numbers = st.floats(-1e9, 1e9)


def test_a_scale_leads_from_figures_to_places():
    scale = Scale(1.0, 3.0, 100.0, 0.0)
    assert [scale(figure) for figure in (1, 2, 3)] == [100, 50, 0]
    assert Scale(1.0, 1.0, 0.0, 10.0)(1.0) == 5


@given(numbers, numbers, st.integers(2, 10))
def test_ticks_are_few_round_and_within(one, other, most):
    low, high = around([one, other])
    found, step = ticks(low, high, most)
    assert 1 <= len(found) <= most
    assert all(low - step * 1e-6 <= figure <= high + step * 1e-6 for figure in found)


@pytest.mark.parametrize(
    ("low", "high", "shares", "expected"),
    [
        (0.03, 0.32, False, "0.05 0.10 0.15 0.20 0.25 0.30"),
        (0.55, 0.96, True, "60 % 70 % 80 % 90 %"),
        (0.9312, 0.9334, True, "93.15 % 93.20 % 93.25 % 93.30 %"),
        (0, 1200, False, "0 200 400 600 800 1000 1200"),
    ],
)
def test_all_ticks_have_as_many_decimals(low, high, shares, expected):
    assert " ".join(text for _, text in tick_texts(low, high, 7, shares)) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.35, "0 s, 0.1 s, 0.2 s, 0.3 s"),
        (45, "0 s, 10 s, 20 s, 30 s, 40 s"),
        (200, "0 s, 30 s, 1:00 min, 1:30 min, 2:00 min, 2:30 min, 3:00 min"),
        (9000, "0 s, 30:00 min, 1:00 h, 1:30 h, 2:00 h, 2:30 h"),
        (400 * 86400, "0 s, 2400:00 h, 4800:00 h, 7200:00 h, 9600:00 h"),
    ],
)
def test_times_are_named_as_a_clock_does(seconds, expected):
    assert ", ".join(text for _, text in time_ticks(seconds, 7)) == expected


def test_epochs_are_whole_numbers():
    assert ticks(0, 3, 7, least=1)[0] == [0, 1, 2, 3]
    assert ticks(0, 0, 7, least=1)[0] == [0]


def test_names_at_the_ends_of_curves_do_not_overlap():
    assert spread([10, 12, 50], 8, 0, 60) == [10, 18, 50]
    assert spread([58, 59], 8, 0, 60) == [52, 60]
    assert spread([], 8, 0, 60) == []
