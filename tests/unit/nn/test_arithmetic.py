"""The sums, each against its definition; and that there are no others."""

import ast

import numpy as np
import pytest
import threadpoolctl

from shared.nn.arithmetic import Native, one_thread, quiet
from tests.support.mnist import PROJECT

RNG = np.random.default_rng(0)
W, A, B = RNG.random((3, 4)), RNG.random((4, 5)), RNG.random((3, 1))
DELTA = RNG.random((3, 5))


def test_affine_sums_over_the_inputs():
    out = np.full((3, 5), np.nan)
    Native().affine(W, A, B, out)
    expected = [[sum(W[j, k] * A[k, s] for k in range(4)) + B[j, 0] for s in range(5)] for j in range(3)]
    np.testing.assert_allclose(out, expected, rtol=1e-14)


def test_gradient_sums_over_the_samples():
    nabla_w, nabla_b = np.full((3, 4), np.nan), np.full((3, 1), np.nan)
    Native().gradient(DELTA, A, nabla_w, nabla_b)
    expected = [[sum(DELTA[j, s] * A[k, s] for s in range(5)) for k in range(4)] for j in range(3)]
    np.testing.assert_allclose(nabla_w, expected, rtol=1e-14)
    np.testing.assert_allclose(nabla_b, [[sum(DELTA[j])] for j in range(3)], rtol=1e-14)


def test_back_sums_over_the_outputs_a_sample_a_row():
    out = np.full((5, 4), np.nan)
    Native().back(DELTA, W, out)
    expected = [[sum(W[j, k] * DELTA[j, s] for j in range(3)) for k in range(4)] for s in range(5)]
    np.testing.assert_allclose(out, expected, rtol=1e-14)


SUMS = {"dot", "matmul", "einsum", "inner", "tensordot", "vdot", "sum", "reduce", "mean", "cumsum", "average"}
# What does not come into the weights: the cost itself, and whether numbers are finite.
ELSEWHERE = {("losses", "sum"), ("evaluation", "dot"), ("parameters", "sum")}


@pytest.mark.parametrize(
    "module", [path.stem for path in (PROJECT / "shared" / "nn").glob("*.py") if path.stem != "arithmetic"]
)
def test_no_other_module_forms_sums_of_numbers(module):
    tree = ast.parse((PROJECT / "shared" / "nn" / f"{module}.py").read_text())
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert {(module, name) for name in called & SUMS} <= ELSEWHERE
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.MatMult)]


def test_blas_has_one_thread_within_the_block():
    with one_thread():
        assert {pool["num_threads"] for pool in threadpoolctl.threadpool_info()} <= {1}


def test_quiet_keeps_an_overflow_from_warning():
    with quiet():
        assert np.exp(np.float32(1000)) == np.inf
