"""Where a network really looked: the columns on which the gradient of a frame is not zero."""

import numpy as np
import torch
from torch import nn


def make_positive(module, seed=0):
    """Random positive weights, so that no ReLU is dead and no two paths cancel: support is then connectivity."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            # A mean gain of about one keeps sums over many layers in range.
            fan_in = max(parameter[0].numel(), 1) if parameter.ndim > 1 else 1
            parameter.copy_((torch.rand(parameter.shape, generator=generator) + 0.5) / fan_in)
    return module.double().eval()


def averaging(module):
    """The module with every max pooling replaced by the mean over the same windows, which drops no path."""
    for name, child in module.named_children():
        if isinstance(child, nn.MaxPool2d):
            mean = nn.AvgPool2d(child.kernel_size, child.stride, child.padding, child.ceil_mode)
            setattr(module, name, mean)
        else:
            averaging(child)
    return module


def supports(module, channels, rows, width, images=1, seed=0):
    """For every frame the half-open span of columns with a gradient, (0, 0) where there is none; shape (T, 2).

    Over several random images the supports are joined.
    """
    generator = torch.Generator().manual_seed(seed)
    touched = None
    for _ in range(images):
        image = torch.rand((1, channels, rows, width), generator=generator, dtype=torch.float64) + 0.1
        image.requires_grad_(True)
        features = module(image)
        per_frame = features.sum(dim=(0, 1, 2))
        gradients = [
            torch.autograd.grad(frame, image, retain_graph=True)[0].abs().sum(dim=(0, 1, 2)).numpy()
            for frame in per_frame
        ]
        found = np.array(gradients) > 0
        touched = found if touched is None else touched | found
    spans = np.zeros((len(touched), 2), dtype=int)
    for t, columns in enumerate(touched):
        where = np.flatnonzero(columns)
        if len(where):
            spans[t] = where[0], where[-1] + 1
    return spans
