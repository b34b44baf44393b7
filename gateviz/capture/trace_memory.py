"""Memory for traces: used again once nobody holds the trace that was in it."""

import math
import sys
from functools import cache

import numpy as np
import torch
from jaxtyping import Float32

# The list of arrays, the loop variable and getrefcount's own argument.
OWN_REFERENCES = 3
# Just under the size from which glibc always asks the system for fresh memory (32 MiB).
LARGEST_KEPT = 31 * 2**20


@cache
def keep_freed_memory() -> None:
    """Once a process: lets the C library keep memory that is freed instead of handing it back at once.

    glibc learns from the largest block it has seen freed how much to keep; until it has seen one, every
    workspace of a few MiB comes as fresh pages, call after call. The block is never touched.
    """
    torch.empty(LARGEST_KEPT, dtype=torch.uint8)


class TraceMemory:
    """Arrays for the traces of one instrumented layer.

    Fresh memory costs a page fault every 4096 bytes, which at large batches is most of what recording
    costs. A layer that runs again and again therefore writes into the arrays of its earlier traces, as
    soon as no tensor is left that shows them.

    Args:
        reuse: keep the arrays; without it each one is fresh and forgotten.
    """

    def __init__(self, *, reuse: bool = True) -> None:
        self._reuse = reuse
        self._arrays: list[Float32[np.ndarray, " elements"]] = []

    def __getstate__(self) -> dict[str, object]:
        """A copy keeps nothing: it goes with a copied layer, whose traces are its own."""
        return {"_reuse": self._reuse, "_arrays": []}

    def take(self, shape: tuple[int, ...]) -> Float32[torch.Tensor, "..."]:
        """A float32 tensor of this shape; what is in it is undefined."""
        size = math.prod(shape)
        for array in self._arrays:
            if array.size == size and sys.getrefcount(array) == OWN_REFERENCES:
                return torch.from_numpy(array).view(shape)
        # numpy asks for huge pages, torch does not.
        fresh = np.empty(size, np.float32)
        if self._reuse:
            self._arrays.append(fresh)
        return torch.from_numpy(fresh).view(shape)

    def release(self) -> None:
        """Forgets every array that no tensor shows."""
        self._arrays = [array for array in self._arrays if sys.getrefcount(array) > OWN_REFERENCES]
