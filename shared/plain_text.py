"""Text for people's terminals: what comes from files, networks or names is shown there, and never obeyed."""

import codecs
import io
import re

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BUT_RETURNS = re.compile(_CONTROLS.pattern.replace("\x0b-\x1f", "\x0b\x0c\x0e-\x1f"))
_END = 8  # characters that a short text keeps of its end, if that is not more than half: names differ there
_CODECS = {"gradmq_plain_": _CONTROLS, "gradmq_bar_": _BUT_RETURNS}  # by what an encoding's name begins with


def plain(text: str) -> str:
    """Return text whose control characters, but line ends and tabs, are spelled out: \\x1b, \\u202e."""
    return _CONTROLS.sub(_spelled, text)


def shortened(text: str, most: int) -> str:
    """Return a text of so many characters at most, without its middle if it has more."""
    if len(text) <= most:
        return text
    end = max(most // 4, min(most // 2, _END))
    return f"{text[: most - end - 1]}…{text[-end:]}"


def show_controls(stream: io.TextIOWrapper, but_returns: bool = False) -> None:
    """Have a stream spell out whatever would move a terminal's cursor, or more, and what it cannot show.

    but_returns: whether carriage returns stay, which a progress bar needs.
    """
    if not stream.encoding.startswith(tuple(_CODECS)):
        name = ("gradmq_bar_" if but_returns else "gradmq_plain_") + stream.encoding
        stream.reconfigure(encoding=name, errors="backslashreplace")


def _spelled(control: re.Match[str]) -> str:
    code = ord(control[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _find(name: str) -> codecs.CodecInfo | None:
    """Return the codec of another encoding that spells out control characters."""
    for prefix, controls in _CODECS.items():
        if name.startswith(prefix):
            return _spelling(codecs.lookup(name.removeprefix(prefix)), controls, name)
    return None


def _spelling(base: codecs.CodecInfo, controls: re.Pattern[str], name: str) -> codecs.CodecInfo:
    class Encoder(codecs.IncrementalEncoder):
        def __init__(self, errors: str = "strict") -> None:
            super().__init__(errors)
            self._base = base.incrementalencoder(errors)

        def encode(self, text: str, final: bool = False) -> bytes:
            return self._base.encode(controls.sub(_spelled, text), final)

        def reset(self) -> None:
            self._base.reset()

        def getstate(self) -> int | str:
            return self._base.getstate()

        def setstate(self, state: int | str) -> None:
            self._base.setstate(state)

    return codecs.CodecInfo(
        lambda text, errors="strict": base.encode(controls.sub(_spelled, text), errors),
        base.decode,
        incrementalencoder=Encoder,
        incrementaldecoder=base.incrementaldecoder,
        name=name,
    )


codecs.register(_find)
