"""What is tried with mutated inputs."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One reader of inputs.

    take: reads an input as the program would; raises an AssertionError if what comes of it is wrong.
    examples: makes inputs that are right.
    refusals: what may be raised for any other input: errors of ours with a line for people.
    tokens: what such inputs are made of, for the mutator.
    memory: bytes that one may take besides ten times its size.
    """

    name: str
    take: Callable[[bytes], object]
    examples: Callable[[], list[bytes]]
    refusals: tuple[type[Exception], ...] = ()
    tokens: tuple[bytes, ...] = ()
    memory: int = 64 * 2**20
