"""`gradmq doctor` as a user runs it: real kernels, a process each."""

from shared.environment import blas
from shared.fixed_problem import EXPECTED
from tests.support.mnist import PROJECT


def test_every_kernel_of_this_machine_gives_the_same_digest_in_exact_arithmetic(gradmq):
    program = gradmq("doctor")
    assert program.end() == 0, program.text()
    lines = program.text().splitlines()
    assert lines[-1].endswith(f"agree, with each other and with every other machine ({EXPECTED[:12]})")
    rows = [line.split() for line in lines if EXPECTED[:12] in line.split()]
    assert rows
    if blas().get("internal_api") == "openblas":  # else no kernels can be chosen
        assert len({row[-2] for row in rows}) > 1, "kernels that round differently were tried, says native arithmetic"


def test_the_page_shows_the_digest_that_it_gives():
    page = (PROJECT / "docs" / "reproducibility.md").read_text()
    shown = {line.split()[-3] for line in page.splitlines() if line.startswith(("as found  ", "Nehalem  "))}
    assert shown == {EXPECTED[:12]}
    assert f"every other machine ({EXPECTED[:12]})" in page
