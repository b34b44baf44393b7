"""The rectification of clovaai's networks: a slanting or bent line is straightened before it is read (arXiv 1603.03915)."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import nn
from torch.nn import functional

from gateviz.adapters.clovaai.extractors import normed

USUAL_SIZE = 32, 100
"""Rows and columns of a rectified image where the file does not say."""


class Localization(nn.Module):
    """Where the points of the text's upper and lower border lie in an image, in [-1, 1] from border to border."""

    def __init__(self, inputs: int, fiducials: int, channels: Sequence[int]) -> None:
        super().__init__()
        *convolved, units = channels
        layers: list[nn.Module] = []
        for outputs in convolved:
            layers += [*normed(inputs, outputs, 3, 1), nn.MaxPool2d(2)]
            inputs = outputs
        self.conv = nn.Sequential(*layers[:-1], nn.AdaptiveAvgPool2d(1))
        self.localization_fc1 = nn.Sequential(nn.Linear(inputs, units), nn.ReLU(inplace=True))
        self.localization_fc2 = nn.Linear(units, 2 * fiducials)

    def forward(self, images: Float[torch.Tensor, "B channels H W"]) -> Float[torch.Tensor, "B F 2"]:
        """(x, y) of every point."""
        found: torch.Tensor = self.localization_fc2(self.localization_fc1(self.conv(images).flatten(1)))
        return found.reshape(len(images), -1, 2)


class Spline(nn.Module):
    """The thin plate spline's two matrices, made for one number of points and one size of the rectified image.

    Args:
        fiducials: points.
        pixels: of the rectified image; 0 where the checkpoint does not carry the matrices.
    """

    inv_delta_C: torch.Tensor  # noqa: N815 (the checkpoint's name)
    P_hat: torch.Tensor

    def __init__(self, fiducials: int, pixels: int) -> None:
        super().__init__()
        if pixels:
            self.register_buffer("inv_delta_C", torch.zeros(fiducials + 3, fiducials + 3))
            self.register_buffer("P_hat", torch.zeros(pixels, fiducials + 3))
        else:
            inverse, basis = spline_matrices(fiducials, *USUAL_SIZE)
            self.register_buffer("inv_delta_C", torch.from_numpy(inverse), persistent=False)
            self.register_buffer("P_hat", torch.from_numpy(basis), persistent=False)

    def forward(self, points: Float[torch.Tensor, "B F 2"]) -> Float[torch.Tensor, "B H W 2"]:
        """Where every pixel of the rectified image is taken from."""
        targets = functional.pad(points, (0, 0, 0, 3))
        return (self.P_hat @ (self.inv_delta_C @ targets)).reshape(-1, *rectified_size(self.P_hat), 2)


def spline_matrices(
    fiducials: int, height: int, width: int
) -> tuple[Float32[np.ndarray, "terms terms"], Float32[np.ndarray, "pixels terms"]]:
    """The inverse that turns points into a spline, and the spline's terms at every pixel's center.

    The points of a straight line stand in two rows of equal distances, along the upper and along the
    lower border of [-1, 1] x [-1, 1]. Terms are 1, x, y and r^2 log r for every point (Bookstein 1989).
    """
    along = np.linspace(-1.0, 1.0, fiducials // 2)
    points = np.concatenate([np.stack([along, np.full_like(along, y)], axis=1) for y in (-1.0, 1.0)])
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, 1.0)
    system = np.zeros((len(points) + 3, len(points) + 3))
    system[: len(points)] = np.concatenate([np.ones((len(points), 1)), points, apart**2 * np.log(apart)], axis=1)
    system[-3:-1, 3:], system[-1, 3:] = points.T, 1.0
    columns, rows = ((2 * np.arange(size) + 1.0) / size - 1.0 for size in (width, height))
    pixels = np.stack(np.meshgrid(columns, rows), axis=2).reshape(-1, 2)
    far = np.linalg.norm(pixels[:, None] - points[None], axis=2)
    basis = np.concatenate([np.ones((len(pixels), 1)), pixels, far**2 * np.log(far + 1e-6)], axis=1)
    return np.linalg.inv(system).astype(np.float32), basis.astype(np.float32)


def rectified_size(basis: Float[torch.Tensor, "pixels terms"]) -> tuple[int, int]:
    """Rows and columns of the rectified image, by its pixels' heights: the third column of the spline's terms."""
    heights = basis[:, 2]
    width = int((heights == heights[0]).sum())
    return len(heights) // width, width


class Rectification(nn.Module):
    """A text line straightened by a thin plate spline through points that a network finds (RARE, arXiv 1603.03915)."""

    def __init__(self, inputs: int, fiducials: int, pixels: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.LocalizationNetwork = Localization(inputs, fiducials, channels)
        self.GridGenerator = Spline(fiducials, pixels)

    def forward(self, images: Float[torch.Tensor, "B channels H W"]) -> Float[torch.Tensor, "B channels h w"]:
        """The straightened images, sampled as the authors' code does.

        With torch 1.10 to 1.13 that code sampled half a pixel apart (it compares versions as text).
        """
        grid = self.GridGenerator(self.LocalizationNetwork(images))
        return functional.grid_sample(images, grid, padding_mode="border", align_corners=True)
