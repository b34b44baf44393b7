"""What ``--deskew`` does to the errors of rendered lines of every slope, turned always and by the rule that is built in.

``python -m benchmarks.deskew [--count N]`` renders lines with the fonts of the system, turns each by some degrees
to either side, and lets the bundled model read them as they are and after ``geometry.deskew``. Printed is the
character error rate (edits over symbols of the truth) for each slope, and for several thresholds below which
lines are left as they are: rises from end to end of so much of the height of the ink (``capture.deskew.rise_share``).
"""

import argparse
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

import gateviz
from gateviz.capture.recognizer import Recognizer
from gateviz.geometry.deskew import estimate_slope, rise_share, shear_columns
from gateviz.measure.edit_distance import edit_distance
from gateviz.typesetting.lines import TrainingLine
from gateviz.typesetting.synthetic import SyntheticLines, SyntheticStyle

DEGREES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 4.0)
THRESHOLDS = (0.0, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
SEED = 2_000_003
LIMIT = float(np.tan(np.radians(5.0)))


@dataclass(frozen=True)
class Outcome:
    """One line at one slope: its slope, the estimate and its rise, its symbols, and its errors as it is and sheared."""

    slope: float
    estimate: float
    rise: float
    symbols: int
    plain: int
    sheared: int


def turned(image: UInt8[np.ndarray, "H W"], degrees: float) -> UInt8[np.ndarray, "_ _"]:
    """The image turned so that its line falls to the right by ``degrees``, on a canvas that holds all of it."""
    if not degrees:
        return image
    height, width = image.shape
    sine, cosine = abs(np.sin(np.radians(degrees))), np.cos(np.radians(degrees))
    size = (int(np.ceil(width * cosine + height * sine)), int(np.ceil(height * cosine + width * sine)))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderValue=int(np.median(image))))


def cropped(image: UInt8[np.ndarray, "H W"], margin: int = 2) -> UInt8[np.ndarray, "_ W"]:
    """The rows with ink and a small margin, as segmenters cut lines."""
    rows = np.flatnonzero((np.abs(image.astype(np.int16) - np.median(image)) > 64).any(axis=1))
    return image[max(rows[0] - margin, 0) : rows[-1] + 1 + margin] if len(rows) else image


def outcomes_at(recognizer: Recognizer, lines: list[TrainingLine], degrees: float, *, crop: bool) -> list[Outcome]:
    """Every line turned by ``degrees``, every second one the other way."""
    signed = [degrees if number % 2 else -degrees for number in range(len(lines))]
    images = [turned(line.image, angle) for line, angle in zip(lines, signed, strict=True)]
    if crop:
        images = [cropped(image) for image in images]
    estimates = [estimate_slope(image, LIMIT) for image in images]
    level = [shear_columns(image, slope) if slope else image for image, slope in zip(images, estimates, strict=True)]
    plain, sheared = (
        [recording.text for recording in gateviz.record(recognizer, which, layers=(), witness=False)]
        for which in (images, level)
    )
    return [
        Outcome(
            float(np.tan(np.radians(angle))),
            estimate,
            rise_share(image, estimate),
            len(line.text),
            edit_distance(line.text, before),
            edit_distance(line.text, after),
        )
        for line, image, angle, estimate, before, after in zip(
            lines, images, signed, estimates, plain, sheared, strict=True
        )
    ]


def rate(outcomes: list[Outcome], threshold: float) -> float:
    """Errors in percent of the symbols where rises below the threshold are left as they are."""
    errors = sum(each.sheared if each.rise >= threshold else each.plain for each in outcomes)
    return 100 * errors / sum(each.symbols for each in outcomes)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Error rates of rendered lines with and without deskewing.")
    parser.add_argument("--count", type=int, default=200, help="lines")
    parser.add_argument("--height", type=int, default=48, help="rows of a line")
    parser.add_argument("--hardness", default="clean", help="of the lines: clean, mixed, noisy")
    parser.add_argument("--crop", action="store_true", help="cut each turned line to the rows with ink")
    parser.add_argument("--degrees", type=float, nargs="*", default=list(DEGREES), help="slopes")
    told = parser.parse_args()
    recognizer = gateviz.load()
    symbols = tuple(symbol for symbol in recognizer.alphabet.symbols if len(symbol) == 1)
    style = SyntheticStyle(hardness=told.hardness, height=told.height, longest=40)
    rendered = SyntheticLines(symbols, seed=SEED, count=told.count, style=style)
    lines = [rendered[number] for number in range(told.count)]
    pitch = sum(line.image.shape[1] for line in lines) / sum(len(line.text) for line in lines)
    print(f"{told.count} lines of {told.height} rows, {pitch:.1f} pixels a symbol; error rates in percent")
    print("degrees  px/symbol  off by  as it is " + " ".join(f">={threshold:<5.3f}" for threshold in THRESHOLDS))
    for degrees in told.degrees:
        found = outcomes_at(recognizer, lines, degrees, crop=told.crop)
        off = np.degrees(np.mean([abs(each.estimate - each.slope) for each in found]))
        rates = " ".join(f"{rate(found, threshold):7.2f}" for threshold in THRESHOLDS)
        print(
            f"{degrees:7.2f}  {np.tan(np.radians(degrees)) * pitch:9.2f}  {off:6.2f}  {rate(found, np.inf):8.2f} {rates}",
            flush=True,
        )


if __name__ == "__main__":
    main()
