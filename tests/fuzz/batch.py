"""Many mutated inputs for one target, in a process of its own.

Guided by what code they reach, which needs Atheris (the extra `fuzz`), or blind, which is faster. It writes a line of
JSON for each kind of problem, and one at the end.
"""

import json
import mmap
import os
import random
import re
import struct
import time
from hashlib import sha256
from pathlib import Path

from tests.fuzz.check import problem
from tests.fuzz.memory import Memory, limit
from tests.fuzz.mutator import mutated
from tests.fuzz.targets import TARGETS, kept

TOLD = "told"  # the file with its lines
CURRENT = "current"  # the file with the input that is being taken, after its number and its length
HEAD = struct.Struct("<QQ")
_LARGEST = 2**20  # bytes of that file
_LONGEST = 60_000  # bytes of an input


class Batch:
    """Takes inputs, and tells of those that go wrong."""

    def __init__(self, name: str, count: int, seconds: float, folder: Path) -> None:
        self.target, self._count, self._seconds, self._folder = TARGETS[name], count, seconds, folder
        self.seeds = [*self.target.examples(), *(path.read_bytes() for path in kept(self.target))]
        for content in self.seeds:
            self._problem(content)  # so that all is loaded that such inputs need
        self._memory = Memory(self.target.memory)
        self._seen: set[str] = set()
        self._began, self._taken, self._wrong = time.monotonic(), 0, 0
        with (folder / CURRENT).open("wb+") as file:
            file.truncate(_LARGEST)
            self._current = mmap.mmap(file.fileno(), _LARGEST)

    def take(self, content: bytes) -> None:
        """Take an input; after the last of all, end the process."""
        self._current[: HEAD.size + len(content)] = HEAD.pack(self._taken, len(content)) + content
        found = self._problem(content) or self._memory.problem(content, lambda: self._problem(content))
        if found:
            self._wrong += 1
            self._tell(found, content)
        self._taken += 1
        seconds = time.monotonic() - self._began
        if self._taken >= self._count or seconds >= self._seconds:
            told = {"inputs": self._taken, "wrong": self._wrong, "seconds": round(seconds, 3)}
            print(json.dumps(told), flush=True)
            os._exit(0)

    def _problem(self, content: bytes) -> str:
        return problem(self.target, content)

    def _tell(self, found: str, content: bytes) -> None:
        """Keep one input for each kind of problem."""
        kind = re.sub(r"'[^']*'|\d+(?!\))", "", found.split("(")[0]) + found[found.rfind("(") :]
        if kind in self._seen or len(self._seen) > 50:
            return
        self._seen.add(kind)
        path = self._folder / sha256(content).hexdigest()[:12]
        path.write_bytes(content)
        print(json.dumps({"problem": found, "input": str(path)}), flush=True)


def _blindly(batch: Batch, dice: random.Random) -> None:
    while True:
        batch.take(mutated(dice.choice(batch.seeds), dice, batch.seeds, batch.target.tokens)[:_LONGEST])


def _guided(batch: Batch, seed: int, corpus: Path) -> None:
    import atheris

    corpus.mkdir(exist_ok=True)
    for content in batch.seeds:
        (corpus / sha256(content).hexdigest()).write_bytes(content)

    def ours_or_its(data: bytes, max_size: int, chosen: int) -> bytes:
        dice = random.Random(chosen)
        if dice.random() < 0.25:
            return bytes(atheris.Mutate(data, max_size))
        return mutated(bytes(data), dice, batch.seeds, batch.target.tokens)[:max_size]

    options = [
        f"-seed={seed % 2**31 or 1}",
        f"-max_len={_LONGEST}",
        "-timeout=100000",
        "-rss_limit_mb=0",
        "-verbosity=0",
    ]
    atheris.Setup(["fuzz", *options, "-handle_int=0", str(corpus)], batch.take, custom_mutator=ours_or_its)
    atheris.Fuzz()


def run(name: str, count: int, seconds: float, seed: int, folder: Path, way: str) -> None:
    """Take so many inputs, or as many as so many seconds allow, and end this process."""
    for descriptor, file in ((1, TOLD), (2, "errors")):
        os.dup2(os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), descriptor)
    batch = Batch(name, count, seconds, folder)
    limit()
    if way == "guided":
        _guided(batch, seed, folder / "corpus")
    else:
        _blindly(batch, random.Random(f"{seed} {name}"))
