"""One process of the examination: computes the fixed problem in every arithmetic, on many threads and on one.

It prints a JSON object: the core that OpenBLAS has chosen, and for each number of threads the digests.
"""

import json

from shared.environment import blas
from shared.fixed_problem import digest
from shared.nn.arithmetic import ARITHMETICS, one_thread


def digests() -> dict[str, str]:
    """Return the digest of each arithmetic and dtype."""
    return {
        f"{name} {dtype}": digest(name, dtype)
        for name, arithmetic in ARITHMETICS.items()
        for dtype in arithmetic.dtypes
    }


def main() -> None:
    threads = blas().get("num_threads", 1)
    found = {} if threads == 1 else {threads: digests()}
    with one_thread():
        found = {1: digests(), **found}
    print(json.dumps({"architecture": blas().get("architecture", ""), "digests": found}))


if __name__ == "__main__":
    main()
