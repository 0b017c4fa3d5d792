"""What comes of a candidate, however its process ends."""

import json
import signal

import pytest

from coordinator.doctor import examination as module
from coordinator.doctor.candidates import Candidate
from coordinator.doctor.examination import Finding, examine

HASWELL = Candidate("Haswell", {"OPENBLAS_CORETYPE": "Haswell"}, "Haswell")
DIGESTS = {"exact float64": "1", "native float32": "2", "native float64": "3"}


class End:
    """How a process ended."""

    def __init__(self, returncode: int = 0, stdout: str = "", stderr: str = "") -> None:
        self.returncode, self.stdout, self.stderr = returncode, stdout, stderr


@pytest.fixture
def ends(monkeypatch):
    """Have every process end like this; return the environments that they had."""
    environments = []

    def end_like(end: End | Exception) -> list[dict[str, str]]:
        def run(*_, env, **__):
            environments.append(env)
            if isinstance(end, Exception):
                raise end
            return end

        monkeypatch.setattr(module.subprocess, "run", run)
        return environments

    return end_like


def told(architecture: str = "Haswell", **digests: object) -> End:
    return End(stdout=json.dumps({"architecture": architecture, "digests": digests or {"1": DIGESTS, "2": DIGESTS}}))


def test_a_process_that_ends_well_tells_its_digests(ends):
    environments = ends(told())
    assert [*examine([HASWELL])] == [Finding(HASWELL, {1: DIGESTS, 2: DIGESTS})]
    (environment,) = environments
    assert (environment["OPENBLAS_CORETYPE"], environment["OPENBLAS_NUM_THREADS"]) == ("Haswell", "2")


def test_findings_come_in_the_order_of_their_candidates(ends):
    ends(told())
    many = [Candidate(str(number)) for number in range(20)]
    assert [finding.candidate for finding in examine(many)] == many


@pytest.mark.parametrize(
    ("end", "trouble"),
    [
        (End(-signal.SIGILL), "crashes (SIGILL): this processor lacks its instructions"),
        (End(-signal.SIGSEGV), "crashes (SIGSEGV)"),
        (End(1, stderr="Traceback\n  line\nImportError: no numpy\n"), "cannot run: ImportError: no numpy"),
        (End(1), "cannot run: no reason given"),
        (told("Nehalem"), "not available (Nehalem is used instead)"),
        (module.subprocess.TimeoutExpired("command", 60), "does not end within 60 s"),
    ],
)
def test_a_process_that_tells_nothing_of_use_is_a_finding_too(ends, end, trouble):
    ends(end)
    assert [*examine([HASWELL])] == [Finding(HASWELL, trouble=trouble)]
