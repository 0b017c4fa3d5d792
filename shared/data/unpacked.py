"""Files of samples as the bytes that are in them: gzipped or not, regular, and no longer than what fits into memory."""

import errno
import gzip
import io
import os
from pathlib import Path
from typing import IO, Any

from shared.machine_memory import memory_bytes
from shared.regular_files import ANY_SIZE, open_regular


def open_unpacked(path: Path) -> IO[bytes]:
    """Open a file for reading; of a gzipped one, what was packed.

    Raises OSError as `open_regular` does, and while reading for what unpacks to more than this machine's memory.
    """
    file = open_regular(path, ANY_SIZE)
    is_gzipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return io.BufferedReader(_Unpacked(file)) if is_gzipped else file


class _Unpacked(io.RawIOBase):
    """What was packed into a gzipped file, as far as it is worth unpacking."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed, self._file = packed, gzip.GzipFile(fileobj=packed)
        self._most = memory_bytes()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        size = self._file.readinto(buffer)
        if self._file.tell() > self._most:
            raise OSError(errno.EFBIG, f"it unpacks to more than the {self._most} bytes of this machine's memory")
        return size

    def close(self) -> None:
        self._file.close()
        self._packed.close()
        super().close()
