"""Figures and names as people read them."""

from pathlib import Path

import pytest

from coordinator.page import text


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (59.4, "59 s"),
        (75.4, "1 min 15 s"),
        (300.2, "5 min"),
        (3599.7, "1 h"),
        (2e5, "2 d 7 h"),
    ],
)
def test_times_have_two_units_at_most(seconds, expected):
    assert text.duration(seconds) == expected


def test_thousands_stand_apart():
    assert text.plural(1, "sample") == "1 sample"
    assert text.plural(1234567, "sample") == "1\u202f234\u202f567 samples"


def test_a_path_is_shown_as_one_would_type_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert text.from_here(tmp_path / "runs" / "a") == Path("runs/a")
    assert text.from_here(Path("/elsewhere")) == Path("/elsewhere")
