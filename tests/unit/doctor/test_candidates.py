"""Which kernels are tried on which machine."""

import pytest

from coordinator.doctor import candidates as module
from coordinator.doctor.candidates import Candidate, candidates


@pytest.fixture
def machine(monkeypatch):
    """Be another machine."""

    def be(processor: str = "x86_64", blas: str = "openblas", simd: tuple[str, ...] = ("X86_V3", "X86_V4")) -> None:
        monkeypatch.setattr(module.platform, "machine", lambda: processor)
        monkeypatch.setattr(module, "blas", lambda: {"internal_api": blas})
        monkeypatch.setattr(module, "numpy_simd", lambda: list(simd))
        monkeypatch.delenv("NPY_DISABLE_CPU_FEATURES", raising=False)

    return be


def labels() -> list[str]:
    return [candidate.label for candidate in candidates()]


def test_the_first_is_the_machine_as_it_is(machine):
    machine()
    assert candidates()[0] == Candidate("as found")


@pytest.mark.parametrize(
    ("processor", "core"), [("x86_64", "Nehalem"), ("AMD64", "Haswell"), ("aarch64", "ARMV8"), ("arm64", "NEOVERSEN1")]
)
def test_each_processor_has_kernels_of_its_own(machine, processor, core):
    machine(processor)
    (found,) = [candidate for candidate in candidates() if candidate.label == core]
    assert found.variables == {"OPENBLAS_CORETYPE": core}


def test_another_blas_chooses_by_itself(machine):
    machine(blas="mkl")
    assert labels() == ["as found", "NumPy without X86_V4", "NumPy without X86_V3 and above"]


def test_numpy_does_without_more_and_more(machine):
    machine()
    disabled = [c.variables["NPY_DISABLE_CPU_FEATURES"] for c in candidates() if c.label.startswith("NumPy")]
    assert disabled == ["X86_V4", "X86_V3 X86_V4"]
    assert candidates()[-1].variables == {
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    }


def test_of_many_instruction_sets_some_are_tried_and_all_at_last(machine):
    names = tuple(f"SIMD{number}" for number in range(13))
    machine(simd=names)
    disabled = [c.variables["NPY_DISABLE_CPU_FEATURES"].split() for c in candidates() if c.label.startswith("NumPy")]
    assert len(disabled) == 4
    assert disabled[-1] == [*names]


def test_what_is_disabled_already_stays_so(machine, monkeypatch):
    machine(simd=("X86_V3",))
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "X86_V4,AVX512_ICL")
    assert candidates()[-1].variables["NPY_DISABLE_CPU_FEATURES"] == "X86_V4 AVX512_ICL X86_V3"


def test_numpy_with_its_baseline_alone_can_do_without_nothing(machine):
    machine(simd=())
    assert not [label for label in labels() if "without" in label]


@pytest.mark.parametrize(
    ("core", "architecture", "had"),
    [
        ("", "Haswell", True),
        ("Haswell", "Haswell", True),
        ("Zen", "Haswell", False),
        ("ARMV8", "armv8", True),
        ("Prescott", "Katmai", True),
        ("Nehalem", "", False),
    ],
)
def test_a_core_is_had_if_openblas_says_so(core, architecture, had):
    assert Candidate("label", {}, core).is_had_by(architecture) is had
