"""Files that are there whole or not at all."""

import os

from coordinator.runs.atomic import write_whole


def test_a_link_stays_a_link_and_a_pipe_is_written_to(tmp_path):
    (tmp_path / "far").mkdir()
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(tmp_path / "far" / "file")
    write_whole(link, lambda file: file.write(b"here"))
    assert link.is_symlink()
    assert (tmp_path / "far" / "file").read_bytes() == b"here"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, lambda file: file.write(b"there"))
    assert os.read(reader, 100) == b"there"
    os.close(reader)
