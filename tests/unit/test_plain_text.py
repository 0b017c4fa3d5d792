"""What comes from files is shown on terminals, and never obeyed."""

import io

import pytest

from coordinator.reporting.columns import columns
from shared.plain_text import plain, shortened, show_controls


def test_control_characters_are_spelled_out_and_letters_stay():
    assert plain("\x1b[2J\x07\r\n\tÄ猫\x9b1m\u202egpj") == "\\x1b[2J\\x07\\x0d\n\tÄ猫\\x9b1m\\u202egpj"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "\\x1b[1m\\x0dä猫\n".encode()),
        ("latin-1", b"\\x1b[1m\\x0d\xe4\\u732b\n"),
        ("ascii", b"\\x1b[1m\\x0d\\xe4\\u732b\n"),
        ("utf-16", "\\x1b[1m\\x0dä猫\n".encode("utf-16")),
    ],
)
def test_a_stream_of_any_encoding_obeys_nothing(encoding, expected):
    content = io.BytesIO()
    stream = io.TextIOWrapper(content, encoding=encoding)
    for _ in range(2):
        show_controls(stream)  # a second time does nothing more
    for piece in ("\x1b[1m", "\r", "ä猫", "\n"):
        print(piece, end="", file=stream)
    stream.flush()
    assert content.getvalue() == expected


def test_where_there_is_a_bar_carriage_returns_stay():
    content = io.BytesIO()
    stream = io.TextIOWrapper(content, encoding="utf-8")
    show_controls(stream, but_returns=True)
    stream.write("\r50 %\x1b[J")
    stream.flush()
    assert content.getvalue() == b"\r50 %\\x1b[J"


def test_of_a_long_text_beginning_and_end_stay():
    assert shortened("short", 5) == "short"
    assert shortened(100 * "a" + "end", 40) == 29 * "a" + "…" + 7 * "a" + "end"
    assert shortened("a_picture_of_the_year_0017.png", 16) == "a_pictu…0017.png"
    assert max(map(len, columns([("name",), (10_000 * "x",)], left=(0,)).splitlines())) == 80
