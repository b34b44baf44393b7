"""What the makers of golden numbers share: running the original's file, keeping its numbers."""

import importlib.util
import json
from pathlib import Path

import torch

HERE = Path(__file__).parent


def load(path):
    """A Python file as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


formula = load(HERE / "formula.py")


def numbers(logits, dtype=torch.float64):
    """What is kept of an original's output (T, B, C): ends, one class over the line, sums.

    Of a network run in float64 wherever the original can be: in float32 the fourth digit after a convolution is the
    processor's own.
    """
    if logits.dtype != dtype:
        raise TypeError(f"numbers are kept in {dtype}, and the network answered in {logits.dtype}")
    return {
        "shape": list(logits.shape),
        "first_frame": logits[0, -1].tolist(),
        "last_frame": logits[-1, 0].tolist(),
        "class_3_of_every_frame": logits[:, 0, 3].tolist(),
        "argmax": logits[:, 0].argmax(-1).tolist(),
        "sum": float(logits.double().sum()),
        "sum_of_squares": float(logits.double().square().sum()),
    }


def pixel_numbers(pixels):
    """What is kept of an original's prepared line, channels first: its size, sums, and some points."""
    pixels = torch.as_tensor(pixels)
    points = [(c, y, x) for c in range(pixels.shape[0]) for y in (0, -1) for x in (0, pixels.shape[2] // 2, -1)]
    return {
        "shape": list(pixels.shape),
        "sum": float(pixels.double().sum()),
        "sum_of_squares": float(pixels.double().square().sum()),
        "points": [float(pixels[point]) for point in points],
        "middle_row": pixels[0, pixels.shape[1] // 2].tolist(),
    }


def line_image(height, width, channels=3):
    """A line image of 8-bit pixels that look random but smooth, (height, width, channels); 2-D for one channel."""
    import numpy as np

    coarse = formula.noise(height * width * channels, 555).reshape(height, width, channels)
    smooth = sum(np.roll(coarse, shift, axis=1) for shift in range(3)) / 3
    pixels = np.clip(np.rint(127.5 * (1 + smooth)), 0, 255).astype(np.uint8)
    return pixels[:, :, 0] if channels == 1 else pixels


def write(name, document):
    """The document as ``<name>.json`` beside this file."""
    header = {**document, "torch": torch.__version__}
    (HERE / f"{name}.json").write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")
