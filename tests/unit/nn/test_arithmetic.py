"""Where sums are formed, and what is true of every arithmetic."""

import ast

import numpy as np
import pytest
import threadpoolctl

from shared.nn.arithmetic import ARITHMETICS, one_thread, quiet, threads
from tests.support.exact import architecture
from tests.support.mnist import PROJECT

SUMS = {"dot", "matmul", "einsum", "inner", "tensordot", "vdot", "sum", "reduce", "mean", "cumsum", "average"}
# All sums of a network are the MLP's. The others: the largest weight, columns of weights, the parts of a softmax and
# the rounded terms of a cost, which are exact; and what does not come into the weights: whether numbers are finite.
PLACES = {
    "mlp": {"dot", "matmul", "reduce"},
    "arithmetic.exact": {"reduce"},
    "outputs": {"reduce", "sum"},  # the second in native arithmetic
    "losses": {"reduce", "vdot"},
    "evaluation": {"dot"},
    "parameters": {"sum"},  # of counts
}
NN = PROJECT / "shared" / "nn"
MODULES = [".".join(path.relative_to(NN).with_suffix("").parts) for path in NN.rglob("*.py")]


@pytest.mark.parametrize("module", MODULES)
def test_sums_are_formed_where_their_order_was_thought_of(module):
    """Exact arithmetic is right about sums that it knows of."""
    tree = ast.parse((NN / (module.replace(".", "/") + ".py")).read_text())
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert called & SUMS == PLACES.get(module, set())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.MatMult)]


@pytest.mark.parametrize("name", ARITHMETICS)
def test_an_arithmetic_computes_in_the_first_of_its_dtypes_and_the_others(name):
    kind = ARITHMETICS[name]
    assert [kind(architecture((3, 2)), dtype, 1).dtype.name for dtype in kind.dtypes] == list(kind.dtypes)


def test_blas_has_one_thread_within_the_block():
    with one_thread():
        assert {pool["num_threads"] for pool in threadpoolctl.threadpool_info()} <= {1}


def test_quiet_keeps_an_overflow_from_warning():
    with quiet():
        assert np.exp(np.float32(1000)) == np.inf


def test_blocks_that_overlap_leave_nothing_behind():
    def n_threads():
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

    with threads(2):
        before = n_threads()
        first, second, inner = one_thread(), one_thread(), one_thread()
        inner.__exit__(None, None, None)
        first.__exit__(None, None, None)
        assert set(n_threads()) <= {1}  # the second still needs it
        second.__exit__(None, None, None)
        assert n_threads() == before
