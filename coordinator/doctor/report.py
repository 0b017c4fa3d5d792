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
    exact = [
        (finding.candidate.label, threads, digests[_COLUMNS["exact"]])
        for finding in findings
        for threads, digests in finding.digests.items()
    ]
    wrong = [f"{label} on {threads} threads" for label, threads, digest in exact if digest != EXPECTED]
    if wrong:
        return Verdict(
            False,
            f"exact arithmetic is WRONG with {len(wrong)} of {len(exact)} (expected {EXPECTED[:SHORT]}): "
            f"{'; '.join(wrong)}: do not trust what they compute, and please report it",
        )
    return Verdict(
        True, f"exact arithmetic: all {len(exact)} agree, with each other and with every machine ({EXPECTED[:SHORT]})"
    )
