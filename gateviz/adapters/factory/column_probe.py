"""Which frames of an unknown network take notice of which columns, found out by running it.

A column of NaN makes NaN of every number that depends on it, whatever the operator, the weights and the
values: a maximum, a ReLU or a weight of zero hides nothing. So a line is run many times at once, each time
with another column of NaN, and the frames that come out as NaN are those that looked at that column: of the
output, and of what every recurrent layer was given. The recurrent layers themselves are run frame by frame
(each hands on the mean of the features it is given), for else every frame depends on the whole line.

What stops NaN (a comparison, an ``fmax``) is found out by drawing some columns anew: a frame that takes
notice of that and not of NaN says that the measurement is not to be trusted, and it is refused.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import nn

from gateviz.adapters.core.frame_by_frame import FrameByFrame
from gateviz.adapters.core.lineage import Layout
from gateviz.adapters.factory.whole_line_numbers import WholeLineNumbers
from gateviz.capture.recognizer import device_of
from gateviz.errors import GeometryError

OUTPUT = ""
"""The name under which the output's frames stand beside the recurrent modules' own names."""

_BATCHES = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
_ROUNDING = 1e-4
_MOST_DRAWN = 12


@dataclass(frozen=True)
class Subject:
    """A network whose frames are looked for.

    Attributes:
        module: in evaluation mode; it is not changed.
        channels: of its input.
        height: of its input.
        layout: axes of its output.
        recurrent: names of its recurrent modules that read along the line, in the order they run.
    """

    module: nn.Module
    channels: int
    height: int
    layout: Layout
    recurrent: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Noticed:
    """Which frames of an input of one width take notice of which columns.

    Attributes:
        width: columns of the input.
        columns: those that were tried, ascending.
        frames: for the output (``OUTPUT``) and each recurrent module, a row a column and a column a frame;
            through windows alone where ``whole_line`` names it.
        whole_line: those whose frames all see the whole line besides, through numbers of it (means).
    """

    width: int
    columns: tuple[int, ...]
    frames: Mapping[str, Bool[np.ndarray, "columns T"]]
    whole_line: frozenset[str]

    def frame_count(self, place: str = OUTPUT) -> int:
        """T."""
        return int(self.frames[place].shape[1])


def noticed(subject: Subject, width: int, columns: Sequence[int], *, drawn_anew: bool = True) -> Noticed:
    """Which frames of an input of ``width`` columns take notice of the given ones.

    Args:
        subject: the network.
        width: of the line.
        columns: that are tried.
        drawn_anew: try, too, whether something is hidden from NaN; once for a network is enough.

    Raises:
        GeometryError: the network does not run on such inputs, or hides what it takes notice of.
    """
    columns = sorted(set(columns))
    run = _Runs(subject, width, len(columns))
    numbers = WholeLineNumbers(run.batch)
    found = run.nan(columns, numbers)
    whole_line: frozenset[str] = frozenset()
    if numbers.met:
        few = columns[:: max(1, len(columns) // 3)]
        plain = run.nan(few, None)
        at = [columns.index(column) for column in few]
        everywhere = frozenset(place for place, seen in plain.items() if sees_everything(seen))
        changed = [place for place, seen in plain.items() if not np.array_equal(seen, found[place][at])]
        whole_line = frozenset(place for place in changed if place in everywhere and found[place].any())
        if others := [place for place in changed if place not in whole_line]:
            # Numbers of a part of the line, or the only way through: they are windows.
            complete = run.nan(columns, None)
            found |= {place: complete[place] for place in others}
    if not drawn_anew:
        return Noticed(width, tuple(columns), found, whole_line)
    drawn = [columns[at] for at in np.unique(np.linspace(0, len(columns) - 1, _MOST_DRAWN).round().astype(int))]
    for place, differs in run.drawn(drawn, numbers).items():
        hidden = differs & ~found[place][[columns.index(column) for column in drawn]]
        if place not in whole_line and hidden.any():
            row, frame = map(int, np.argwhere(hidden)[0])
            raise GeometryError(
                f"{_place_words(place, frame)} takes notice when column {drawn[row]} is drawn anew, and a NaN there does not "
                f"reach it (a comparison or a mask stands between), so where frames look cannot be measured"
            )
    return Noticed(width, tuple(columns), found, whole_line)


def frame_count(subject: Subject, width: int) -> int:
    """T of an input of ``width`` columns.

    Raises:
        GeometryError: the network does not take such an input.
    """
    return _Runs(subject, width, 1).frame_count


def sees_everything(seen: Bool[np.ndarray, "columns T"]) -> bool:
    """Whether every frame that sees anything sees all columns that are seen at all, of several that lie far apart.

    Frames of padding alone see nothing, and a stride or a slice leaves columns over that nobody sees.
    """
    there = seen[seen.any(axis=1)]
    return len(there) > 1 and bool(there[:, there.any(axis=0)].all())


def _place_words(place: str, frame: int) -> str:
    return f"frame {frame} of the output" if place == OUTPUT else f"frame {frame} of what {place} is given"


class _Runs:
    """Runs a network on a line of noise with one column changed in every other row of the batch.

    Args:
        subject: the network.
        width: columns of the line.
        columns: how many are tried.
    """

    def __init__(self, subject: Subject, width: int, columns: int) -> None:
        self._subject = subject
        self._width = width
        sizes = {size for tensor in subject.module.state_dict().values() for size in tensor.shape}
        image = torch.rand(2, subject.channels, subject.height, width)
        output = self._run(image, None)[0]
        self.frame_count = int(output.shape[0 if subject.layout == "TBC" else 1])
        sizes |= {subject.channels, subject.height, width, *output.shape}
        # The batch's axis is found by its size. The smallest that takes all columns, or what memory bears.
        free = [batch for batch in _BATCHES if batch not in sizes]
        self.batch = next((batch for batch in free if batch > columns), free[-1] if free else max(sizes) + 1)

    def nan(self, columns: Sequence[int], numbers: WholeLineNumbers | None) -> dict[str, np.ndarray]:
        """The frames that become NaN with each of the columns."""
        return self._rows(columns, lambda image, column: image.fill_(torch.nan), _is_nan, numbers)

    def drawn(self, columns: Sequence[int], numbers: WholeLineNumbers) -> dict[str, np.ndarray]:
        """The frames that change when a column is drawn anew; numbers of the whole line are cut off as they were for NaN."""
        dice = torch.Generator().manual_seed(2)

        def draw(image: torch.Tensor, column: int) -> torch.Tensor:
            return image.copy_(8 * torch.rand(image.shape, generator=dice) - 4)

        return self._rows(columns, draw, _differs, numbers.again())

    def _rows(
        self,
        columns: Sequence[int],
        change: Callable[[torch.Tensor, int], torch.Tensor],
        tell: Callable[[torch.Tensor], torch.Tensor],
        numbers: WholeLineNumbers | None,
    ) -> dict[str, np.ndarray]:
        subject = self._subject
        line = torch.rand(subject.channels, subject.height, self._width, generator=torch.Generator().manual_seed(1))
        found: dict[str, list[np.ndarray]] = {}
        for start in range(0, len(columns), self.batch - 1):
            part = columns[start : start + self.batch - 1]
            images = line.repeat(self.batch, 1, 1, 1)
            for row, column in enumerate(part, 1):
                change(images[row, :, :, column], column)
            output, sequences = self._run(images, numbers)
            numbers_of = {OUTPUT: output if subject.layout == "TBC" else output.transpose(0, 1), **sequences}
            for place, each in numbers_of.items():
                if bool(torch.isnan(each[:, 0]).any()):
                    raise GeometryError(
                        "the network gives NaN for an image of noise, or lets the images of a batch depend on each other, "
                        "so where its frames look cannot be measured"
                    )
                found.setdefault(place, []).append(tell(each)[:, 1 : len(part) + 1].T.cpu().numpy())
        return {place: np.concatenate(rows) for place, rows in found.items()}

    def _run(
        self, images: Float[torch.Tensor, "B channels H W"], numbers: WholeLineNumbers | None
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The output, and what each recurrent module was given, (T, B, D)."""
        module = self._subject.module
        mode = FrameByFrame(module, self._subject.recurrent, len(images))
        try:
            with torch.no_grad(), _exact(), mode, numbers or _plainly():
                output = module(images.to(device_of(module, images.device)))
        except GeometryError:
            raise
        # The user's own code, which may fail in any way.
        except Exception as error:
            raise GeometryError(
                f"the network cannot be measured, since it does not run on {len(images)} images of {self._width} columns "
                f"with NaN in them ({type(error).__name__}: {' '.join(str(error).split())[:160]}); "
                f"give it a method axis_paths() that says how its layers are put together"
            ) from error
        return output, mode.sequences()


@contextmanager
def _plainly() -> Iterator[None]:
    yield


@contextmanager
def _exact() -> Iterator[None]:
    """Without the algorithms of convolution (Winograd, FFT) that mix neighboring columns."""
    with torch.backends.nnpack.flags(enabled=False), torch.backends.cudnn.flags(enabled=False):
        yield


def _is_nan(numbers: Float[torch.Tensor, "T B D"]) -> Bool[torch.Tensor, "T B"]:
    return torch.isnan(numbers).any(2)


def _differs(numbers: Float[torch.Tensor, "T B D"]) -> Bool[torch.Tensor, "T B"]:
    clean = numbers[:, :1]
    # A kernel may round otherwise where nothing changed.
    return (~((numbers - clean).abs() <= _ROUNDING * clean.abs().max())).any(2)
