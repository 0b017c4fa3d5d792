"""What becomes of a test that waits in vain."""

import pytest

from tests.support import waiting


def test_a_test_that_runs_out_of_time_says_what_it_waited_for(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    with pytest.raises(AssertionError, match="waited 0 s for this: a reply\nno worker is there"):
        waiting.wait_until(lambda: False, "a reply", lambda: "no worker is there")
    with pytest.raises(AssertionError, match="waited 0 s for this: a gradient"):
        waiting.patience("a gradient")()


def test_what_happens_in_time_is_returned(monkeypatch):
    happened = iter([None, [], ["it"]])
    assert waiting.wait_until(lambda: next(happened), "it") == ["it"]
