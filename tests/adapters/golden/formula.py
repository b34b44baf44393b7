"""Weights and images by a formula, so that a test can repeat those that another program was given."""

import numpy as np
import torch


def noise(count, seed):
    """``count`` numbers in [-1, 1) that look random, the same everywhere to 1e-10."""
    position = np.arange(1, count + 1, dtype=np.float64)
    scattered = np.sin(position * 12.9898 + seed * 78.233) * 43758.5453
    return 2.0 * (scattered - np.floor(scattered)) - 1.0


def fill(state):
    """A state_dict of the same names and shapes: noise by the position of the name in alphabetical order."""
    filled = {}
    for seed, name in enumerate(sorted(state)):
        tensor = state[name]
        values = noise(tensor.numel(), seed).reshape(tuple(tensor.shape))
        if name.endswith("num_batches_tracked"):
            filled[name] = torch.zeros_like(tensor)
            continue
        if name.endswith("running_var"):
            values = 1.0 + 0.5 * values
        elif tensor.ndim > 1:
            fan_in = tensor[0].numel()
            values *= np.sqrt(6.0 / fan_in)
        else:
            values *= 0.1
            if "batchnorm" in name and name.endswith("weight"):
                values += 1.0
        filled[name] = torch.from_numpy(values).to(tensor.dtype)
    return filled


def image(batch, channels, height, width):
    """Network inputs between -1 and 1."""
    return torch.from_numpy(
        noise(batch * channels * height * width, 999).reshape(batch, channels, height, width)
    ).float()


def fill_normed(state):
    """``fill`` with the scales of batch norms about 1, by whatever name, so that deep networks stay lively."""
    filled = fill(state)
    for name in state:
        scale = name.removesuffix("running_mean") + "weight"
        if name.endswith("running_mean") and scale in state and "batchnorm" not in scale:
            filled[scale] = filled[scale] + 1.0
    return filled
