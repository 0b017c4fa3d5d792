"""The pages that people read: what they tell to type, and how that is tested.

A block to be typed is fenced as `sh`, `console` (whose commands follow a `$`, and whose other lines are their output)
or `python`. It is run as it stands, unless a comment in the line before, which no reader sees, says otherwise:

    <!-- run: "--epochs 30" as "--epochs 1" -->    with this instead of that; there may be several, with commas
    <!-- run: exits 2 -->                          with this exit code
    <!-- not run: needs a Docker engine -->        not at all, and why; its `gradmq` commands must still be right

`runs/…` stands for the newest run in the folder where a page's blocks run, one after the other.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.mnist import PROJECT

PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
TYPED = ("sh", "console", "python")
NOT_TYPED = ("text", "json")

_BLOCK = re.compile(r"(?:^<!-- ([^\n]*) -->\n)?^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INSTEAD = re.compile(r'"([^"]+)" as "([^"]*)"')
_EXITS = re.compile(r"exits (\d+)")
_NOT_RUN = "not run: "
_NEWEST_RUN = '"$(ls -td runs/* | head -1)"'


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int  # of its fence, from 1
    marker: str  # the comment before it
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def why_not_run(self) -> str:
        """The reason that is given, or nothing."""
        return self.marker.removeprefix(_NOT_RUN) if self.marker.startswith(_NOT_RUN) else ""

    @property
    def exit_code(self) -> int:
        found = _EXITS.search(self.marker)
        return int(found[1]) if found else 0

    @property
    def code(self) -> str:
        """What is to be typed."""
        if self.language != "console":
            return self.text
        return "".join(line[2:] for line in self.text.splitlines(keepends=True) if line.startswith("$ "))

    @property
    def output(self) -> list[str]:
        """The lines that the page shows as output."""
        lines = self.text.splitlines() if self.language == "console" else []
        return [line for line in lines if line.strip() not in ("", "…") and not line.startswith("$ ")]

    def program(self) -> str:
        """Return what to run.  Raises ValueError for a replacement of what is not there."""
        code = self.code
        for old, new in _INSTEAD.findall(self.marker):
            if old not in code:
                raise ValueError(f"{self.place}: there is no {old!r} to replace")
            code = code.replace(old, new)
        return code if self.language == "python" else code.replace("runs/…", _NEWEST_RUN)

    def commands(self) -> Iterator[list[str]]:
        """Yield the commands of a shell block, as words."""
        for line in self.code.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words and re.fullmatch(r"\w+=.*", words[0]):  # a variable for this command
                del words[0]
            if words:
                yield words


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(page, text.count("\n", 0, found.start(2)) + 1, found[1] or "", found[2], found[3])
        for found in _BLOCK.finditer(text)
    ]


def inline_code(page: Path) -> list[str]:
    """Return what stands between single backticks."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", _BLOCK.sub("", page.read_text()))


def links(page: Path) -> list[tuple[str, str]]:
    """Return path and anchor of every link and picture within the project."""
    found = re.findall(r"\]\((?![a-z]+:)([^)#]*)#?([^)]*)\)", _BLOCK.sub("", page.read_text()))
    return [(path, anchor) for path, anchor in found]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as a forge makes them."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def masked(line: str) -> str:
    """Return a line of output without what differs from run to run, from machine to machine."""
    for pattern, name in (
        (r"\d{8}-\d{6}-[0-9a-f]{6}", "RUN"),
        (r"[0-9a-f]{64}", "SHA256"),
        (r"worker\d+@\S+", "WORKER"),
        (r"\d[\d.,]*", "N"),
        (r"\s+", " "),
    ):
        line = re.sub(pattern, name, line)
    return line.strip()
