"""Wall clocks that jump: Python's, of one program each."""

import struct
from pathlib import Path

from tests.support.mnist import PROJECT
from tests.support.waiting import wait_until

_MODULE = Path(__file__).with_name("clock")


class Clock:
    """The wall clock of a program and its processes."""

    def __init__(self, file: Path) -> None:
        """file: to be made, of this clock alone."""
        self._file = file
        file.write_bytes(bytes(16))
        self.environment = {"PYTHONPATH": f"{_MODULE}:{PROJECT}", "GRADMQ_TEST_CLOCK": str(file)}

    def jump_to(self, seconds: float) -> None:
        """Have it go so many seconds before the right time, or after; return when somebody has seen it."""
        offset = struct.pack("d", seconds)
        with self._file.open("r+b") as file:
            file.write(offset)
        wait_until(lambda: self._file.read_bytes()[8:] == offset, "a look at the clock")
