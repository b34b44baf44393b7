"""Lines that a tiny network learns in seconds: each symbol is a block of stripes of its own."""

from dataclasses import dataclass

import numpy as np

from gateviz.typesetting.lines import TrainingLine

SYMBOLS = "abc"
WIDTH = 16


def toy_line(text: str, name: str = "") -> TrainingLine:
    """A line of 32 rows whose symbols stand ``WIDTH`` columns apart."""
    image = np.full((32, WIDTH * len(text) + 8), 255, np.uint8)
    columns = np.zeros((len(text), 2), np.float32)
    for place, symbol in enumerate(text):
        left = 4 + place * WIDTH
        rows = slice(4, 12) if symbol == "a" else slice(12, 20) if symbol == "b" else slice(20, 28)
        image[rows, left + 2 : left + WIDTH - 2] = 0
        columns[place] = left + 2, left + WIDTH - 2
    return TrainingLine(image, text, columns, "latin", "toy", name)


@dataclass
class ToyLines:
    """``count`` lines of 2 to 6 symbols, by seed."""

    seed: int
    count: int = 2**40

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> TrainingLine:
        if not 0 <= index < self.count:
            raise IndexError(f"line {index} of {self.count}")
        rng = np.random.default_rng([self.seed, index])
        return toy_line("".join(rng.choice(list(SYMBOLS), rng.integers(2, 7))), f"{self.seed}/{index}")
