"""What decides the bits on a machine, as people read it."""

import numpy as np
import pytest

from shared import environment as module
from shared.environment import environment, numpy_simd

X86 = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n"
ARM = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"


def test_all_of_it_is_known_here():
    here = environment()
    assert here.numpy == np.__version__
    assert here.blas
    assert here.processor
    assert here.kernels == f"{here.blas}, NumPy {here.numpy} with {here.simd}"


@pytest.mark.parametrize(
    ("cpuinfo", "processor"),
    [(X86, "AMD EPYC"), (ARM, "implementer 0x41, part 0xd0c"), ("", ""), (None, "")],
)
def test_a_processor_has_a_name_where_linux_tells_it(tmp_path, monkeypatch, cpuinfo, processor):
    path = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        path.write_text(cpuinfo)
    monkeypatch.setattr(module, "_CPUINFO", path)
    monkeypatch.setattr(module.platform, "machine", lambda: "machine")
    assert module._processor() in (processor, f"machine, {processor}", "machine")
    assert processor in module._processor()


def test_a_blas_that_threadpoolctl_does_not_know_has_the_name_that_numpy_was_built_with(monkeypatch):
    monkeypatch.setattr(module, "threadpool_info", list)
    assert module._blas().startswith("BLAS ")


def test_a_blas_without_version_or_kernels_is_named_all_the_same(monkeypatch):
    library = {"user_api": "blas", "internal_api": "mkl", "version": None}
    monkeypatch.setattr(module, "threadpool_info", lambda: [{"user_api": "openmp"}, library])
    assert module._blas() == "MKL"


def test_numpy_without_anything_above_its_baseline_is_no_error(monkeypatch):
    monkeypatch.setattr(module.np, "show_config", lambda mode: {"SIMD Extensions": {"baseline": ["SSE"]}})
    assert numpy_simd() == []
