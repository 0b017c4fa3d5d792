"""Pickles that would run a program."""

import gzip
import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest

from shared.data.dataset import load_dataset
from shared.data.notebook_pickle import read_notebook_pickle
from shared.errors import DataError


def seed_content() -> tuple:
    rng = np.random.default_rng(0)
    return tuple((rng.random((n, 6), np.float32), np.arange(n) % 3) for n in (9, 3, 4))


class Evil:
    """What an ordinary unpickler would run."""

    def __reduce__(self):
        return os.system, ("touch executed",)


def hostile() -> dict[str, bytes]:
    arrays = seed_content()
    object_array = (np.array([[Evil()]], object), np.array([0]))
    global_eval = b'cbuiltins\neval\n(S\'open("executed", "w")\'\ntR.'
    return {
        "more than a pickle": pickle.dumps(arrays) + b"more",
        "a call": pickle.dumps(Evil()),
        "a call beside arrays": pickle.dumps((*arrays, Evil())),
        "a call inside an array": pickle.dumps((object_array, *arrays[1:])),
        "an attribute": pickle.dumps(np.load),
        "eval": global_eval,
        "numpy's own loader": b"cnumpy\nload\n(S'executed'\ntR.",
        "a lookup through an array": b"\x80\x04cnumpy.core.multiarray\n_reconstruct.__globals__\n.",
        "a huge memo": b"\x80\x02]r\xff\xff\xff\x7f.",
        "a huge string": b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"x.",
        "bytes without end": b"\x80\x02c__builtin__\nbytes\n(I%d\ntR." % 2**40,
        "an endless program": b"\x80\x02" + b"N0" * 20_000 + b"N.",
        "tuples nested 2^60 times": b"\x80\x02cnumpy\ndtype\n)" + b"2\x86" * 60 + b"\x85R.",
        "a change of our own code": b"\x80\x02cnumpy\ndtype\nN}X\x05\x00\x00\x00_makeNs\x86b.",
        "a false shape": pickle.dumps(arrays, 2).replace(b"K\x09K\x06", b"K\x7fK\x06"),
        "a dictionary whose key is nested tuples": b"\x80\x02}" + b")" + b"2\x86" * 60 + b"Ns.",
        "a dictionary whose key is nested tuples, from marks": b"(" + b")" + b"2\x86" * 12 + b"Nd.",
        "a set of them": b"\x80\x04\x8f(" + b")" + b"2\x86" * 60 + b"\x90.",
        "a frozen set of them": b"\x80\x04(" + b")" + b"2\x86" * 60 + b"\x91.",
        "an object of a class": b"(ios\nsystem\nS'touch executed'\no.",
        "an instance": b"(S'touch executed'\nios\nsystem\n.",
        "an extension": b"\x80\x02\x82\x01.",
        "something outside": b"\x80\x02N\x88Q.",
        "a buffer": b"\x80\x05\x97.",
        "nothing on the stack": b"\x80\x02\x85.",
        "a mark in a tuple": b"\x80\x02(\x85.",
        "a list in itself": b"\x80\x02]q\x00h\x00a.",
        "a call of what was made": b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00f4\x85R)R.",
        "a state for a name": b"\x80\x02cnumpy\ndtype\nNb.",
        "a number of a million digits": b"L" + b"9" * 1_000_000 + b"L\n.",
        "no end": pickle.dumps(arrays)[:-1],
        "nothing": b"",
        "no pickle": b"hello",
        "something else": pickle.dumps({"a": 1}),
        "two pairs": pickle.dumps(arrays[:2]),
        "labels and images swapped": pickle.dumps(tuple((labels, images) for images, labels in arrays)),
        "no finite values": pickle.dumps(tuple((images * np.nan, labels) for images, labels in arrays)),
        "negative labels": pickle.dumps(tuple((images, labels - 1) for images, labels in arrays)),
        "other widths": pickle.dumps((arrays[0], arrays[1], (arrays[2][0][:, :5], arrays[2][1]))),
    }


@pytest.mark.parametrize("what", hostile())
def test_a_hostile_or_foreign_pickle_is_refused_and_runs_nothing(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(hostile()[what]))
    with pytest.raises(DataError, match=r"mnist\.pkl\.gz"):
        load_dataset(path)
    assert not (tmp_path / "executed").exists()


def test_text_that_is_encoded_again_and_again_takes_no_memory(tmp_path):
    """A pickle of 3 kB when it is compressed; each of its calls would make a megabyte."""
    text = b"X" + struct.pack("<I", 2**20) + bytes(2**20)
    call = b"h\x00h\x01X\x06\x00\x00\x00latin1\x86Ra"
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(b"\x80\x02c_codecs\nencode\nq\x00" + text + b"q\x01]" + call * 1000 + b"."))
    assert path.stat().st_size < 10_000
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="is left there"):
            read_notebook_pickle(path)
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()


def test_a_program_of_very_many_steps_ends_early(tmp_path):
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(b"\x80\x02" + b"]" * 10**7))
    with pytest.raises(DataError, match="it is a program of more than 10000 steps"):
        read_notebook_pickle(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    path = tmp_path / "mnist.pkl.gz"
    os.mkfifo(path)
    with pytest.raises(DataError, match="it is no regular file"):
        read_notebook_pickle(path)
