"""Python's wall clock, but one that jumps: by as many seconds as stand in the file that GRADMQ_TEST_CLOCK names.

Python imports this when it starts, if this folder is on PYTHONPATH.
"""

import mmap
import os
import struct
import time

_path = os.environ.get("GRADMQ_TEST_CLOCK")
if _path is not None:
    with open(_path, "r+b") as _file:  # the less is imported into every process, the better
        _offset = mmap.mmap(_file.fileno(), 16)
    _time, _time_ns = time.time, time.time_ns

    def _jumped() -> float:
        _offset[8:] = _offset[:8]  # so that whoever has the clock jump knows that somebody has looked at it
        (seconds,) = struct.unpack("d", _offset[:8])
        return float(seconds)

    time.time = lambda: _time() + _jumped()
    time.time_ns = lambda: _time_ns() + int(_jumped() * 10**9)
