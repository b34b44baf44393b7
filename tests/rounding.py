"""What rounding does to numbers, said once for all tests.

A sum of float32 products depends on the order in which it is taken, and that is the processor's own: it differs between
instruction sets, between versions of torch, and on some processors even between two copies of the same weights in memory
at different places. So networks are compared in float64, where the same holds a billion times smaller, and a float32
network is held against its own float64 numbers by a tolerance that follows from its weights.
"""

import copy

import numpy as np
import torch

EXACT = 1e-9
"""How far float64 numbers of the same weights may lie apart, as a share of the largest of them."""
FLOAT32 = 1e-4
"""How far float32 numbers of the same small network may lie apart, as a share of the largest; a wrong weight shows as more."""
FLOAT32_MARGIN = 4.0
"""Float32 results may lie this many times as far from float64 as one draw of roundings does: 0.1 to 0.6 of it were seen."""


def in_float64(module):
    """A copy of the module that computes in float64, with the same weights."""
    return copy.deepcopy(module).double()


def exactly(run, module, *inputs):
    """What ``run(module, *inputs)`` gives in float64."""
    with torch.inference_mode():
        found = run(in_float64(module), *(one.double() for one in inputs))
    assert found.dtype == torch.float64, f"the network computes in {found.dtype} somewhere on its way"
    return found


def assert_near(found, expected, share=EXACT):
    """The numbers differ by no more than a share of the largest of those expected."""
    found, expected = (torch.as_tensor(numbers).detach() for numbers in (found, expected))
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=0, atol=share * float(expected.abs().max()), check_dtype=False)


def assert_same_network(one, other, *inputs, run=lambda module, *inputs: module(*inputs)):
    """Two modules of the same weights compute the same; what they compute in float32 may differ in its last digits."""
    assert_near(exactly(run, one, *inputs), exactly(run, other, *inputs))


def float32_bound(run, module, *inputs):
    """How far from its float64 numbers a network may lie in float32: one number for all of its output.

    A float32 sum of n products is the exact sum of products that are off by about sqrt(n) roundings each, where roundings
    are as often up as down (N. J. Higham and T. Mary, A new approach to probabilistic rounding error analysis, SIAM J.
    Sci. Comput. 41, 2019). So every weight is moved by as much, and the farthest that the output moves is the measure.
    """
    moved = in_float64(module)
    rng = np.random.default_rng(0)

    def rounded(numbers, products):
        share = np.finfo(np.float32).eps / 2 * np.sqrt(products)
        return numbers * (1 + share * torch.from_numpy(rng.uniform(-1, 1, tuple(numbers.shape))))

    with torch.no_grad():
        for weight in moved.parameters():
            weight.copy_(rounded(weight, weight[0].numel() if weight.ndim > 1 else 1))
    with torch.inference_mode():
        shifted = run(moved, *(rounded(one.double(), 1) for one in inputs))
    return FLOAT32_MARGIN * float((shifted - exactly(run, module, *inputs)).abs().max())


def assert_float32_follows(run, module, *inputs):
    """A float32 network computes what it computes in float64, within its own roundings."""
    with torch.inference_mode():
        found = run(module, *inputs)
    assert found.dtype == torch.float32
    difference = float((found - exactly(run, module, *inputs)).abs().max())
    bound = float32_bound(run, module, *inputs)
    assert difference <= bound, f"float32 is {difference:.1e} off, and its roundings explain {bound:.1e}"
