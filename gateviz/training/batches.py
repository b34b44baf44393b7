"""Batches of lines of like width, made in worker processes, in an order that a seed and a number repeat."""

import itertools
import signal
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch.utils.data import DataLoader, Dataset

from gateviz.capture.recognizer import pixels_of
from gateviz.ctc.collapse import frames_needed
from gateviz.data.alphabet import Alphabet
from gateviz.data.reading_order import standing_order
from gateviz.geometry.preprocess import Preprocess
from gateviz.lines.recognizer import Geometry, PreparedLine, prepared_line
from gateviz.training.frame_labels import IGNORED, frame_labels
from gateviz.typesetting.lines import LineSet, TrainingLine

LARGEST_SHUFFLED = 20_000_000


class LineOrder:
    """Line numbers without end; place p is in epoch p // count.

    Sets too large to be read twice (synthetic lines are as good as endless) are read in their own order.

    Args:
        count: lines in the set.
        seed: of the shuffles.

    Example:
        >>> order = LineOrder(3, seed=7)
        >>> sorted(order[place] for place in range(3, 6))
        [0, 1, 2]
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed
        self._epoch = -1
        self._shuffled = np.zeros(0, dtype=np.int64)

    def __getitem__(self, place: int) -> int:
        """The line at a place."""
        epoch, offset = divmod(place, self.count)
        if self.count > LARGEST_SHUFFLED:
            return offset
        if epoch != self._epoch:
            self._shuffled = np.random.default_rng([self.seed, epoch]).permutation(self.count)
            self._epoch = epoch
        return int(self._shuffled[offset])


_Prepared = tuple[TrainingLine, PreparedLine]


@dataclass(frozen=True)
class Batch:
    """Lines of like width, padded to the widest by repeating each line's last column.

    Attributes:
        pixels: the network's input.
        labels: of all lines in a row.
        lengths: labels of each line.
        frame_labels: the label of each frame, ``IGNORED`` where nobody knows.
        hidden: lines whose text needs more frames than the network gives, which CTC cannot learn from.
        names: where each line comes from.
    """

    pixels: Float32[torch.Tensor, "B channels height W"]
    labels: Int64[torch.Tensor, " L"]
    lengths: Int64[torch.Tensor, " B"]
    frame_labels: Int64[torch.Tensor, "B T"]
    hidden: int
    names: tuple[str, ...]

    def classes(self, blank: int) -> Int64[torch.Tensor, " K"]:
        """The classes that its texts are spelled in, the blank among them, in rising order."""
        named: torch.Tensor = torch.cat([self.labels, torch.tensor([blank])]).unique()  # type: ignore[no-untyped-call]
        return named

    def among(self, classes: Int64[torch.Tensor, " K"]) -> "Batch":
        """The same batch with places in ``classes`` for labels."""
        known = self.frame_labels != IGNORED
        frames = torch.where(known, torch.searchsorted(classes, self.frame_labels.clamp_min(0)), IGNORED)
        return replace(self, labels=torch.searchsorted(classes, self.labels), frame_labels=frames)


@dataclass(frozen=True)
class BatchMaker:
    """Turns lines into batches; small enough to be sent to a worker process.

    Attributes:
        preprocess: the recipe of the network's input.
        geometry: where its frames look.
        alphabet: what its classes stand for.
        columns: columns of pixels in a batch, at most: wide lines come in smaller batches.
    """

    preprocess: Preprocess
    geometry: Geometry
    alphabet: Alphabet
    columns: int

    def batches(self, lines: list[TrainingLine], rng: np.random.Generator) -> list[Batch]:
        """The lines by width, cut into batches, the batches in random order."""
        prepared = [(line, prepared_line(self.preprocess, line.image)) for line in lines]
        prepared.sort(key=lambda pair: pair[1].pixels.shape[2])
        groups: list[list[_Prepared]] = []
        while prepared:
            size = max(1, self.columns // prepared[-1][1].pixels.shape[2])
            groups.append(prepared[-size:])
            del prepared[-size:]
        # A handful of leftover lines would make poor statistics for the batch norms.
        if len(groups) > 1 and len(groups[-1]) * 4 < len(groups[-2]):
            leftover = groups.pop()
            groups[-1] += leftover
        order = rng.permutation(len(groups))
        return [self.batch(groups[place]) for place in order]

    def batch(self, group: list[_Prepared]) -> Batch:
        """One batch of prepared lines."""
        width = max(line.pixels.shape[2] for _, line in group)
        channels, height = group[0][1].pixels.shape[:2]
        pixels = torch.empty(len(group), channels, height, width)
        grid = self.geometry.frame_grid(width)
        frames = torch.full((len(group), grid.frame_count), IGNORED, dtype=torch.int64)
        lengths, labels, hidden = [], [], 0
        for row, (line, prepared) in enumerate(group):
            own = prepared.pixels.shape[2]
            pixels[row, :, :, :own] = pixels_of(prepared)
            pixels[row, :, :, own:] = pixels_of(prepared)[:, :, -1:]
            # Frames run from left to right, also where people read from right to left.
            symbols = self.alphabet.split(line.text)
            order = list(standing_order(symbols))
            spelled = [label for place in order for label in self.alphabet.code(symbols[place])]
            labels += spelled
            lengths.append(len(spelled))
            hidden += frames_needed(spelled) > grid.frame_count
            if line.columns is not None and len(line.columns) == len(spelled) == len(order):
                back = prepared.to_source.inverse()
                columns = line.columns[order].astype(np.float64) * back.scale + back.offset
                target = frame_labels(spelled, columns, grid.centers, self.alphabet.blank)
                frames[row] = torch.from_numpy(target)
        return Batch(
            pixels,
            torch.tensor(labels, dtype=torch.int64),
            lengths=torch.tensor(lengths, dtype=torch.int64),
            frame_labels=frames,
            hidden=hidden,
            names=tuple(line.name for line, _ in group),
        )


class Chunks(Dataset[list[Batch]]):
    """The lines, so many at a time, each chunk cut into batches: the unit that a worker process makes."""

    def __init__(self, lines: LineSet, maker: BatchMaker, *, size: int, seed: int) -> None:
        self.lines = lines
        self.maker = maker
        self.size = size
        self.seed = seed
        self.order = LineOrder(len(lines), seed)

    def __getitem__(self, number: int) -> list[Batch]:
        """The batches of one chunk, always the same ones."""
        places = range(number * self.size, (number + 1) * self.size)
        lines = [self.lines[self.order[place]] for place in places]
        return self.maker.batches(lines, np.random.default_rng([self.seed, number]))


def stream(chunks: Chunks, *, chunk: int, batch: int, workers: int) -> Generator[tuple[int, int, Batch], None, None]:
    """Batches without end from batch ``batch`` of chunk ``chunk`` on, each with its chunk's number and its own.

    Args:
        chunks: what to read.
        chunk: the first one.
        batch: the first of its batches.
        workers: processes that make chunks ahead; 0 makes them here.
    """
    numbers: Iterator[int] = itertools.count(chunk)
    made: Iterable[list[Batch]]
    if workers:
        made = DataLoader(
            chunks,
            batch_size=None,
            sampler=numbers,
            num_workers=workers,
            prefetch_factor=2,
            worker_init_fn=_quiet_worker,
        )
    else:
        made = map(chunks.__getitem__, numbers)
    for number, batches in enumerate(made, start=chunk):
        first = batch if number == chunk else 0
        for place in range(first, len(batches)):
            yield number, place, batches[place]


def _quiet_worker(worker: int) -> None:
    """One thread a worker, and the interrupt of the terminal left to the process that saves."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
