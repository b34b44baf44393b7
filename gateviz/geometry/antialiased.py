"""torch's antialiased bilinear resize (``torch.nn.functional.interpolate(..., antialias=True)``) without torch.

A triangle as wide as the scale is laid over the pixels, first along the columns and then along the rows, in float32 and in
torch's own order of sums, since a mean that lies halfway between two levels is decided by its last bit.
"""

import numpy as np
from jaxtyping import Float32, Int64, UInt8

_HALF, _ONE = np.float32(0.5), np.float32(1)


def resized(
    pixels: UInt8[np.ndarray, "height width channels"], rows: int, columns: int
) -> UInt8[np.ndarray, "rows columns channels"]:
    """The image at another size, rounded to whole levels.

    Example:
        >>> pixels = np.array([[[0], [100], [200], [250]]], np.uint8)
        >>> resized(pixels, 1, 2)[0, :, 0]
        array([ 71, 207], dtype=uint8)
    """
    planes = pixels.astype(np.float32).transpose(2, 0, 1)
    wide = _along_the_last_axis(planes, columns)
    high = _along_the_last_axis(wide.transpose(0, 2, 1), rows)
    if columns == 1 and rows != len(pixels):
        # A fault of torch's (tried with 2.13): of a single column every row is the first.
        high = np.repeat(high[:, :, :1], rows, axis=2)
    levels: UInt8[np.ndarray, "rows columns channels"] = np.rint(high).astype(np.uint8).transpose(2, 1, 0)
    return levels


def _along_the_last_axis(values: Float32[np.ndarray, "one other n"], length: int) -> Float32[np.ndarray, "one other m"]:
    first, weights = _triangles(values.shape[-1], length)
    summed = np.zeros((*values.shape[:-1], length), np.float32)
    for tap, weight in enumerate(weights):
        at = np.minimum(first + tap, values.shape[-1] - 1)
        # A product and a sum rounded once, as processors of the last ten years do in torch.
        summed = (values[..., at].astype(np.float64) * weight + summed).astype(np.float32)
    return summed


def _triangles(inputs: int, outputs: int) -> tuple[Int64[np.ndarray, " m"], Float32[np.ndarray, "taps m"]]:
    """For every output the first input that it takes, and the share of each from there on."""
    scale = np.float32(inputs) / np.float32(outputs)
    reach, narrowing = max(scale, _ONE), min(_ONE / scale, _ONE)
    centers = scale * (np.arange(outputs, dtype=np.float32) + _HALF)
    first = np.maximum((centers - reach + _HALF).astype(np.int64), 0)
    stop = np.minimum((centers + reach + _HALF).astype(np.int64), inputs)
    taps = np.arange(int((stop - first).max()))[:, None]
    apart = np.abs(((taps + first).astype(np.float32) - centers + _HALF) * narrowing)
    shares = np.where(taps < stop - first, np.maximum(_ONE - apart, np.float32(0)), np.float32(0))
    total = np.zeros(outputs, np.float32)
    for share in shares:
        total = total + share
    return first, shares / total
