"""What `gradmq doctor` prints: the machine, a table of digests, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.doctor.examination import Finding
from shared.environment import SHORT, environment
from shared.fixed_problem import EXPECTED

_COLUMNS = {"exact": "exact float64", "native float32": "native float32", "native float64": "native float64"}


def machine() -> str:
    """Return this machine's environment, a line for each part."""
    here = environment()
    return "\n".join(
        [
            f"processor: {here.processor}",
            f"platform:  {here.platform}",
            f"BLAS:      {here.blas}",
            f"NumPy:     {here.numpy} with {here.simd}",
            f"Python:    {here.python}",
            f"GradMQ:    {here.gradmq}",
        ]
    )


def table(findings: Sequence[Finding]) -> str:
    """Return a line for each of the kernels and each number of threads."""
    rows = []
    for finding in findings:
        label = finding.candidate.label
        rows += [
            (label, str(threads), *(digests[key][:SHORT] for key in _COLUMNS.values()))
            for threads, digests in finding.digests.items()
        ] or [(label, finding.trouble)]
    width = max(len(label) for label, *_ in rows)
    return "\n".join(
        f"{label:<{width}}  {f'{first:>7}' if rest else first}  {''.join(f'{cell:<16}' for cell in rest)}".rstrip()
        for label, first, *rest in [("kernels", "threads", *_COLUMNS), *rows]
    )


@dataclass(frozen=True)
class Verdict:
    """What follows from the findings."""

    healthy: bool
    text: str


def verdict(findings: Sequence[Finding]) -> Verdict:
    """Judge the findings, of which the first is the machine as it is."""
    if findings[0].trouble:
        return Verdict(False, f"this machine as it is {findings[0].trouble}")
    exact = {
        f"{finding.candidate.label} with {threads} thread{'s' if threads > 1 else ''}": digests[_COLUMNS["exact"]]
        for finding in findings
        for threads, digests in finding.digests.items()
    }
    wrong = {label: digest for label, digest in exact.items() if digest != EXPECTED}
    expected = f"every other machine ({EXPECTED[:SHORT]})"
    if not wrong:
        return Verdict(True, f"exact arithmetic: all {len(exact)} agree, with each other and with {expected}")
    if len(wrong) == len(exact) and len(set(wrong.values())) == 1:
        return Verdict(
            False, f"exact arithmetic is WRONG: all {len(exact)} agree, but not with {expected}; install GradMQ again"
        )
    return Verdict(
        False,
        f"exact arithmetic is WRONG: {len(wrong)} of {len(exact)} do not agree with {expected}: "
        f"{', '.join(wrong)}; do not compute with these, and please report it",
    )
