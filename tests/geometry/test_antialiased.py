"""torch's antialiased resize without torch: the same levels."""

import numpy as np
import torch
from torch.nn import functional

from gateviz.geometry.antialiased import resized


def by_torch(pixels, rows, columns):
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    found = functional.interpolate(planes, (rows, columns), mode="bilinear", antialias=True)
    return found[0].permute(1, 2, 0).numpy()


def test_levels_are_torchs_but_where_a_mean_lies_between_two():
    rng = np.random.default_rng(0)
    sizes = [
        (1, 1, 32, 32),
        (64, 256, 32, 128),
        (31, 97, 32, 100),
        (90, 41, 32, 14),
        (33, 132, 32, 128),
        (48, 480, 24, 240),
    ]
    for height, width, rows, columns in sizes:
        for levels in (256, 2):
            pixels = (rng.integers(0, levels, (height, width, 3)) * (255 // (levels - 1))).astype(np.uint8)
            exact, found = by_torch(pixels, rows, columns), resized(pixels, rows, columns)
            assert found.shape == (rows, columns, 3)
            # The last bit of a sum in float32, of numbers up to 255.
            assert np.abs(found - exact).max() <= 0.5 + 2e-4
            assert (found != np.rint(exact)).mean() <= 1e-3
