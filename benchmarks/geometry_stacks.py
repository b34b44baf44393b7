"""Networks made up by a seed, whose columns are held against what the networks do: ``python -m benchmarks.geometry_stacks``.

Each is a stack of convolutions, paddings, pools, slices, rolls, flips, upsamplings and shortcuts before,
between and behind recurrent layers, loaded as anybody's own network (``factory=``). Where it is accepted, the
columns of the output's frames and of what every recurrent layer is given are compared with an oracle that
shares no code with what is tried: the recurrent modules are exchanged for linear maps of single frames, all
weights are made positive, every column is drawn anew in float64, several times, and the frames whose
numbers change are those that look at it.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import gateviz
from gateviz.data.frames import FrameGrid
from gateviz.errors import GatevizError
from gateviz.lines.grids import line_grids

SEEDS = range(72)
WIDTHS = (131, 170)
"""Of the lines on which the oracle is asked, in turn; gateviz measures at others."""

HEIGHT, CHANNELS, UNITS = 8, 3, 4
_DRAWS = 12
_CHANGED = 1e-13

Op = tuple[str, Callable[[torch.Tensor], torch.Tensor], nn.Module | None]
"""Words, what it does with (B, C, ..., W), and the module that it owns."""


class Stack(nn.Module):
    """A network made of its seed: (B, 1, H, W) to (T, B, 5)."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        dice = random.Random(seed)
        torch.manual_seed(seed)
        self.words: list[str] = []
        self.owned = nn.ModuleList()
        self.first = nn.Conv2d(1, CHANNELS, 3, padding=1)
        self._front = [self._taken(dice.choice(FRONT)(dice)) for _ in range(dice.randint(1, 4))]
        self.recurrent = nn.ModuleList()
        self._kinds: list[str] = []
        self._runs: list[list[Op]] = []
        width = CHANNELS
        for at in range(dice.randint(1, 2)):
            kind = dice.choice(tuple(RECURRENT))
            self.words.append(kind)
            self.recurrent.append(RECURRENT[kind](width))
            self._kinds.append(kind)
            width = 2 * UNITS if kind in TWO_WAYS else UNITS
            count = dice.randint(0, 2) if at else dice.randint(0, 1)
            self._runs.append([self._taken(dice.choice(BEHIND)(dice, width)) for _ in range(count)])
        self.head = nn.Linear(width, 5)

    def _taken(self, op: Op) -> Op:
        self.words.append(op[0])
        if op[2] is not None:
            self.owned.append(op[2])
        return op

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.first(images)
        for _, run, _ in self._front:
            x = run(x)
        x = x.mean(2)
        for layer, kind, ops in zip(self.recurrent, self._kinds, self._runs, strict=True):
            x = read(layer, kind, x.permute(2, 0, 1)).permute(1, 2, 0)
            for _, run, _ in ops:
                x = run(x)
        return self.head(x.permute(2, 0, 1))


TWO_WAYS = ("nn.LSTM both ways", "nn.GRU both ways", "packed nn.LSTM", "batch-first nn.LSTM")
RECURRENT: dict[str, Callable[[int], nn.Module]] = {
    "nn.LSTM both ways": lambda width: nn.LSTM(width, UNITS, bidirectional=True),
    "nn.GRU both ways": lambda width: nn.GRU(width, UNITS, bidirectional=True),
    "packed nn.LSTM": lambda width: nn.LSTM(width, UNITS, bidirectional=True),
    "batch-first nn.LSTM": lambda width: nn.LSTM(width, UNITS, bidirectional=True, batch_first=True),
    "one-way nn.LSTM": lambda width: nn.LSTM(width, UNITS),
    "nn.LSTM fed backward": lambda width: nn.LSTM(width, UNITS),
    "nn.GRU fed backward": lambda width: nn.GRU(width, UNITS),
    "nn.LSTMCell in a loop": lambda width: nn.LSTMCell(width, UNITS),
    "nn.GRUCell in a loop": lambda width: nn.GRUCell(width, UNITS),
    "nn.LSTMCell in a loop, backward": lambda width: nn.LSTMCell(width, UNITS),
}


def read(layer: nn.Module, kind: str, frames: torch.Tensor) -> torch.Tensor:
    """What a recurrent layer says of frames (T, B, D), in reading order."""
    if kind.endswith("backward") and "loop" not in kind:
        found: torch.Tensor = layer(frames.flip(0))[0].flip(0)
        return found
    if kind.startswith("packed"):
        lengths = torch.full((frames.shape[1],), len(frames))
        return pad_packed_sequence(layer(pack_padded_sequence(frames, lengths))[0])[0]
    if kind.startswith("batch-first"):
        return layer(frames.transpose(0, 1))[0].transpose(0, 1)
    if "loop" in kind:
        state, told = None, []
        backward = kind.endswith("backward")
        for frame in reversed(frames) if backward else frames:
            state = layer(frame, state)
            told.append(state[0] if isinstance(state, tuple) else state)
        return torch.stack(told[::-1] if backward else told)
    return layer(frames)[0]


def _conv(dice: random.Random) -> Op:
    kernel, stride, dilation = dice.randint(1, 7), dice.choice((1, 1, 1, 2, 3)), dice.choice((1, 1, 2))
    padding = dice.choice(("same", "half", "left", "right", "none"))
    mode = dice.choice(("zeros", "zeros", "reflect", "replicate", "circular"))
    reach = dilation * (kernel - 1)
    if padding == "same":
        stride = 1
        layer = nn.Conv2d(CHANNELS, CHANNELS, (3, kernel), stride, "same", (1, dilation), padding_mode=mode)
    elif padding == "half":
        layer = nn.Conv2d(
            CHANNELS, CHANNELS, (3, kernel), (1, stride), (1, reach // 2), (1, dilation), padding_mode=mode
        )
    else:
        layer = nn.Conv2d(CHANNELS, CHANNELS, (3, kernel), (1, stride), (1, 0), (1, dilation))
    sides = {"left": (reach, 0), "right": (0, reach)}.get(padding, (0, 0))
    words = f"conv {kernel} stride {stride} dilation {dilation} padded {padding} {mode if padding in ('same', 'half') else ''}"
    return words.strip(), lambda x: F.relu(layer(F.pad(x, sides))), layer


def _pool(dice: random.Random) -> Op:
    ceil = dice.choice((False, True))
    module = nn.MaxPool2d((1, 2), ceil_mode=ceil)
    kinds: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "nn.MaxPool2d": module,
        "F.max_pool2d": lambda x: F.max_pool2d(x, (1, 2), ceil_mode=ceil),
        "torch.max_pool2d": lambda x: torch.max_pool2d(x, (1, 3), (1, 2), (0, 1)),
        "F.avg_pool2d": lambda x: F.avg_pool2d(x, (1, 3), (1, 2), (0, 1)),
        "unfold and amax": lambda x: x.unfold(3, 3, 2).amax(-1),
        "pool by reshape": lambda x: x[..., : x.shape[3] // 2 * 2].unflatten(3, (-1, 2)).amax(-1),
        "maximum of two slices": lambda x: torch.maximum(x[..., :-1], x[..., 1:]),
        "one pool used twice": lambda x: module(module(x)),
        "nn.LPPool2d": nn.LPPool2d(2, (1, 2)),
    }
    name = dice.choice(tuple(kinds))
    return name, kinds[name], module if name in ("nn.MaxPool2d", "one pool used twice") else None


def _upsampling(dice: random.Random) -> Op:
    deconv = nn.ConvTranspose2d(CHANNELS, CHANNELS, (1, 4), (1, 2), (0, 1))
    kinds: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "nearest upsampling": lambda x: F.interpolate(x, scale_factor=(1, 2), mode="nearest"),
        "bilinear upsampling": lambda x: F.interpolate(x, scale_factor=(1, 2), mode="bilinear"),
        "repeat_interleave": lambda x: x.repeat_interleave(2, 3),
        "transposed convolution": lambda x: F.relu(deconv(x)),
        "upsampling and pooling": lambda x: F.max_pool2d(F.interpolate(x, scale_factor=(1, 2)), (1, 2)),
    }
    name = dice.choice(tuple(kinds))
    return name, kinds[name], deconv if name.startswith("transposed") else None


def _moved(dice: random.Random) -> Op:
    by = dice.randint(1, 4)
    uneven = nn.Conv2d(CHANNELS, CHANNELS, (1, 3), (1, 2))
    kinds: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        f"slice from {by} on": lambda x: x[..., by:],
        f"slice up to -{by}": lambda x: x[..., :-by],
        "every second column": lambda x: x[..., ::2],
        f"roll by {by}": lambda x: x.roll(by, 3),
        f"shift by {by}": lambda x: F.pad(x[..., :-by], (by, 0)),
        "flip, stride 2, flip": lambda x: F.relu(uneven(x.flip(3))).flip(3),
        "flip": lambda x: x.flip(3),
        "padding by the width": lambda x: F.relu(uneven(F.pad(x, (x.shape[3] % 2, 2)))),
    }
    name = dice.choice(tuple(kinds))
    return name, kinds[name], uneven


def _mixed(dice: random.Random) -> Op:
    layer = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
    gate, norm = nn.Linear(CHANNELS, CHANNELS), nn.GroupNorm(1, CHANNELS)
    weights = torch.rand(CHANNELS, CHANNELS, 1, 3)
    instance, batch = nn.InstanceNorm2d(CHANNELS, affine=True), nn.BatchNorm2d(CHANNELS)
    kinds: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], nn.Module | None]] = {
        "shortcut": (lambda x: F.relu(layer(x)) + x, layer),
        "squeeze and excitation": (lambda x: x * torch.sigmoid(gate(x.mean((2, 3))))[:, :, None, None], gate),
        "GroupNorm": (norm, norm),
        "InstanceNorm": (instance, instance),
        "BatchNorm": (batch, batch),
        "weights that are no parameter": (lambda x: F.conv2d(x, weights.to(x.dtype), padding=(0, 1)), None),
        "mask by a comparison": (lambda x: x * (F.avg_pool2d(x, (1, 3), 1, (0, 1)) > 0.5).to(x.dtype), None),
        "hardswish": (F.hardswish, None),
        "channel attention": (lambda x: x * torch.softmax(x.amax((2, 3), keepdim=True), 1), None),
    }
    name = dice.choice(tuple(kinds))
    return name, *kinds[name]


FRONT: tuple[Callable[[random.Random], Op], ...] = (_conv, _conv, _conv, _pool, _pool, _upsampling, _moved, _mixed)


def _behind(dice: random.Random, width: int) -> Op:
    kernel = dice.choice((3, 5, 7))
    half = nn.Conv1d(width, width, kernel, padding=kernel // 2)
    causal, ahead = nn.Conv1d(width, width, kernel), nn.Conv1d(width, width, kernel)
    by = dice.randint(1, 3)
    kinds: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], nn.Module | None]] = {
        f"conv1d {kernel}": (half, half),
        f"causal conv1d {kernel}": (lambda x: causal(F.pad(x, (kernel - 1, 0))), causal),
        f"conv1d {kernel} looking ahead": (lambda x: ahead(F.pad(x, (0, kernel - 1))), ahead),
        f"roll by {by} frames": (lambda x: x.roll(by, 2), None),
        f"shift by {by} frames": (lambda x: F.pad(x[..., :-by], (by, 0)), None),
        "F.max_pool1d 3": (lambda x: F.max_pool1d(x, 3, 1, 1), None),
        "shortcut of frames": (lambda x: x + F.leaky_relu(half(x)), half),
        "flip, causal, flip": (lambda x: causal(F.pad(x.flip(2), (kernel - 1, 0))).flip(2), causal),
        "ReLU of frames": (F.relu, None),
    }
    name = dice.choice(tuple(kinds))
    return name, *kinds[name]


BEHIND = (_behind,)


class OfEachFrame(nn.Module):
    """Stands in for a recurrent layer: a linear map of every frame by itself. Keeps the frames it was given."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.width = UNITS * (2 if getattr(layer, "bidirectional", False) else 1)
        self.cell = isinstance(layer, nn.RNNCellBase)
        self.given: list[torch.Tensor] = []

    def forward(self, frames: torch.Tensor, state: object = None) -> object:
        if isinstance(frames, nn.utils.rnn.PackedSequence):
            padded, lengths = pad_packed_sequence(frames)
            self.given.append(padded)
            return pack_padded_sequence(self._mapped(padded), lengths), None
        self.given.append(frames)
        return self._mapped(frames) if self.cell else (self._mapped(frames), None)

    def _mapped(self, frames: torch.Tensor) -> torch.Tensor:
        dice = torch.Generator().manual_seed(3)
        return frames @ (torch.rand(frames.shape[-1], self.width, generator=dice, dtype=frames.dtype) + 0.1)


def oracle(seed: int, width: int) -> dict[str, np.ndarray]:
    """Of a stack, for the output and every recurrent module: which frames (columns) change with which column of the line (rows).

    Frames are in reading order.
    """
    bare = prepared(seed).double()
    for at, layer in enumerate(bare.recurrent):
        bare.recurrent[at] = OfEachFrame(layer)
    found: dict[str, np.ndarray] = {}
    for draw in range(_DRAWS):
        dice = torch.Generator().manual_seed(draw)
        # In every second draw one column towers above all others, so that no maximum hides it.
        low, high = (1e-3, 300) if draw % 2 else (1, 0.5)
        line = low * torch.rand(1, 1, HEIGHT, width, generator=dice, dtype=torch.float64)
        images = line.repeat(width + 1, 1, 1, 1)
        for column in range(width):
            images[column + 1, 0, :, column] = high * torch.rand(HEIGHT, generator=dice, dtype=torch.float64)
        for name, numbers in _numbers(bare, images).items():
            clean = numbers[:, :1]
            changed = ((numbers - clean).abs() > _CHANGED * clean.abs().max()).any(2)[:, 1:].T.numpy()
            found[name] = found.get(name, np.zeros_like(changed)) | changed
    return found


@torch.no_grad()
def _numbers(bare: Stack, images: torch.Tensor) -> dict[str, torch.Tensor]:
    for layer in bare.recurrent:
        layer.given.clear()
    found = {"": bare(images)}
    for at, (layer, kind) in enumerate(zip(bare.recurrent, bare._kinds, strict=True)):
        frames = torch.stack(layer.given) if layer.cell else layer.given[0]
        frames = frames.transpose(0, 1) if kind.startswith("batch-first") else frames
        found[f"recurrent.{at}"] = frames.flip(0) if kind.endswith("backward") else frames
    return found


def prepared(seed: int) -> Stack:
    """A stack with positive weights, so that nothing cancels and no ReLU is dead; in float32, as anybody's network."""
    stack = Stack(seed).eval()
    dice = torch.Generator().manual_seed(seed)
    for name, tensor in stack.state_dict().items():
        if tensor.is_floating_point() and not name.endswith(("running_mean", "running_var")):
            fan_in = max(tensor[0].numel(), 1) if tensor.ndim > 1 else 1
            tensor.copy_((torch.rand(tensor.shape, generator=dice) + 0.5) / fan_in)
    return stack


@dataclass(frozen=True)
class Trial:
    """What became of a stack.

    Attributes:
        seed: of the stack.
        words: what it is made of.
        outcome: ``right``, ``refused`` or ``wrong``.
        reason: of the refusal, or what is wrong.
    """

    seed: int
    words: str
    outcome: str
    reason: str = ""


def tried(seed: int) -> Trial:
    """Loads a stack and holds its columns against the oracle."""
    stack = prepared(seed)
    words = " | ".join(stack.words)
    try:
        recognizer = gateviz.load(factory=lambda: stack, height=HEIGHT, channels=1, alphabet="abcd", blank=0)
    except GatevizError as error:
        return Trial(seed, words, "refused", str(error).split("cannot be found out: ")[-1])
    width = WIDTHS[seed % len(WIDTHS)]
    grids = line_grids(recognizer, width)
    for place, seen in oracle(seed, width).items():
        grid = grids.of(place) if place else grids.output
        if problem := wrong_columns(grid, seen):
            return Trial(seed, words, "wrong", f"{place or 'output'} at {width} columns: {problem}")
    return Trial(seed, words, "right")


def wrong_columns(grid: FrameGrid, seen: np.ndarray) -> str:
    """In what a grid is not what the oracle has; empty where they agree."""
    width, frames = seen.shape
    if grid.frame_count != frames:
        return f"{grid.frame_count} frames where there are {frames}"
    everything = bool(seen.all())
    for frame in range(frames):
        columns = np.flatnonzero(seen[:, frame])
        if not len(columns):
            continue
        start, stop = int(columns[0]), int(columns[-1]) + 1
        told = grid.receptive_span(frame)
        if told[0] > start + 1e-6 or told[1] < stop - 1e-6:
            return f"frame {frame} sees {start} to {stop} and is said to see {told[0]:g} to {told[1]:g}"
        inner = width // 4 <= start and stop <= width - width // 4
        if inner and not everything and (abs(told[0] - start) > 1e-6 or abs(told[1] - stop) > 1e-6):
            return f"frame {frame} sees {start} to {stop} alone and is said to see {told[0]:g} to {told[1]:g}"
    return ""


def main() -> None:
    """Prints every stack and what became of it, and the table."""
    trials = [tried(seed) for seed in SEEDS]
    for trial in trials:
        print(f"{trial.seed:3} {trial.outcome:8} {trial.words}")
        if trial.reason:
            print(f"             {trial.reason}")
    counts = Counter(trial.outcome for trial in trials)
    print("\n| tried | accepted, right | refused by name | accepted, wrong |\n|---|---|---|---|")
    print(f"| {len(trials)} | {counts['right']} | {counts['refused']} | {counts['wrong']} |")


if __name__ == "__main__":
    main()
