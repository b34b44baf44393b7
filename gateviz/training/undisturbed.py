"""A look at a network in the midst of its training that leaves no trace."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


def bare(module: nn.Module) -> nn.Module:
    """The module inside the wrappers of ``torch.compile``, ``DataParallel`` and ``DistributedDataParallel``.

    Running the wrapper on one process alone would wait for the others for ever.
    """
    inner = getattr(module, "_orig_mod", module)
    if isinstance(inner, nn.DataParallel | nn.parallel.DistributedDataParallel):
        inner = inner.module
    return inner if inner is module else bare(inner)


@contextmanager
def undisturbed(module: nn.Module) -> Iterator[None]:
    """A block in which the module is in evaluation mode, without gradients and autocast.

    After it every submodule is in the mode it was in, and torch's generators are where they were.
    """
    modes = [(each, each.training) for each in module.modules()]
    devices = {parameter.device for parameter in module.parameters()}
    kinds = {device.type for device in devices} or {"cpu"}
    graphics = [device.index or 0 for device in devices if device.type == "cuda"]
    with torch.random.fork_rng(graphics), torch.no_grad(), torch.autocast(next(iter(kinds)), enabled=False):
        module.eval()
        try:
            yield
        finally:
            for each, training in modes:
                each.training = training
