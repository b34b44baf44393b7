"""LSTM weights in oneDNN's own layout, transposed once and kept as long as they are the same weights.

PyTorch hands oneDNN its weights as they are, and oneDNN reorders them at every call. Transposed,
with the units padded so that a row is as long as oneDNN wants it, nothing is left to reorder.
"""

import threading
import weakref
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64

from gateviz.capture.layer import DirectionWeights


@dataclass(frozen=True, eq=False)
class PackedWeights:
    """Weights of one direction, as oneDNN's LSTM wants them.

    Attributes:
        input_weight: (1, 1, D, 4, H) in oneDNN's layout, H padded.
        hidden_weight: (1, 1, H, 4, H) in oneDNN's layout, both padded.
        bias: both biases in one, padded; zeros without.
        no_bias: zeros, for the operator's second bias.
        units: H with padding.
    """

    input_weight: torch.Tensor
    hidden_weight: torch.Tensor
    bias: torch.Tensor
    no_bias: torch.Tensor
    units: int

    @property
    def four(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """The weights as the operator wants them."""
        return self.input_weight, self.hidden_weight, self.bias, self.no_bias


class PackedWeightsCache:
    """Packed weights by the weights they were made of; forgets those that are gone, never serves stale ones.

    Weights are taken for unchanged when they are the same tensors, in the same memory, at the same
    version. Writing through ``parameter.data`` changes a weight without a new version: therefore the
    biases and some weights of every row and every column are compared too, which tells whatever writes
    whole tensors, rows, columns or gates (the sums of all rows of a tensor that keeps no version). To
    read every weight at every call would cost as much as keeping them packed saves.
    """

    def __init__(self) -> None:
        # Reentrant: a weight may be collected, and forgotten, while this very thread holds the lock.
        self._lock = threading.RLock()
        self._kept: dict[int, tuple[_Mark, PackedWeights]] = {}

    def packed(self, weights: DirectionWeights) -> PackedWeights:
        """The packed form of these weights as they are now."""
        key = id(weights.input_weight)
        mark = _Mark.of(weights)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and kept[0].same(mark):
            return kept[1]
        packed = pack(weights)
        with self._lock:
            self._kept[key] = (mark, packed)
        if kept is None or kept[0].owner() is not weights.input_weight:
            weakref.finalize(weights.input_weight, self._forget, key, mark.owner).atexit = False
        return packed

    def __len__(self) -> int:
        return len(self._kept)

    def _forget(self, key: int, owner: "weakref.ref[torch.Tensor]") -> None:
        with self._lock:
            kept = self._kept.get(key)
            # The id of a dead tensor may already belong to another one.
            if kept is not None and kept[0].owner is owner:
                del self._kept[key]


@dataclass(frozen=True, eq=False)
class _Mark:
    owner: "weakref.ref[torch.Tensor]"
    identity: tuple[tuple[int, int, tuple[int, ...]], ...]
    bits: tuple[bytes, ...]

    @classmethod
    def of(cls, weights: DirectionWeights) -> "_Mark":
        both = (weights.input_weight, weights.hidden_weight)
        return cls(
            weakref.ref(weights.input_weight),
            tuple((each.data_ptr(), _version(each), tuple(each.shape)) for each in both),
            (*map(_sample, both), *(each.detach().numpy().tobytes() for each in weights.flat[2:])),
        )

    def same(self, other: "_Mark") -> bool:
        return self.owner() is other.owner() and self.identity == other.identity and self.bits == other.bits


def pack(weights: DirectionWeights) -> PackedWeights:
    """The weights in oneDNN's layout (ldigo), padded to ``padded_units``."""
    units = weights.hidden_weight.shape[1]
    padding = padded_units(units) - units
    with torch.no_grad():
        bias = weights.bias
        whole = weights.hidden_weight.new_zeros(4 * units) if bias is None else bias.detach()
        return PackedWeights(
            _packed(weights.input_weight, units, padding, 0),
            _packed(weights.hidden_weight, units, padding, padding),
            padded_rows(whole.view(4, units), units + padding).reshape(-1),
            whole.new_zeros(4 * (units + padding)),
            units + padding,
        )


def padded_units(units: int) -> int:
    """The units with which a row of gates is as long as oneDNN wants it, so that it reorders nothing.

    Example:
        >>> padded_units(256), padded_units(96)
        (260, 96)
    """
    return units + 4 if (4 * units) % 256 == 0 else units


def padded_rows(values: Float[torch.Tensor, "*rows H"], units: int) -> Float[torch.Tensor, "*rows padded"]:
    """The values with zeros for the padded units; the same tensor if there are none."""
    missing = units - values.shape[-1]
    return torch.nn.functional.pad(values, (0, missing)) if missing else values


def _packed(weight: torch.Tensor, units: int, out_padding: int, in_padding: int) -> torch.Tensor:
    chunks = weight.detach().reshape(4, units, weight.shape[1])
    padded = torch.nn.functional.pad(chunks, (0, in_padding, 0, out_padding))
    return padded.permute(2, 0, 1)[None, None].contiguous().to_mkldnn()


def _sample(weight: torch.Tensor) -> bytes:
    """Some weights of each row and of each column; the sums of all rows where the tensor keeps no version."""
    if weight.is_inference() or not weight.is_contiguous():
        return _row_sums(weight)
    # One more than the row is long, so that the next weight is one column further in the next row.
    step = weight.shape[1] + 1
    return weight.detach().numpy().reshape(-1)[::step].tobytes()


def _row_sums(weight: torch.Tensor) -> bytes:
    """The sums of the bits of each row."""
    values = weight.detach().numpy()
    # Two floats as one integer: half the additions, and still every bit counts.
    width = np.int64 if values.shape[1] % 2 == 0 and values.flags.c_contiguous else np.int32
    sums: Int64[np.ndarray, " rows"] = np.add.reduce(values.view(width), axis=1, dtype=np.int64)
    return sums.tobytes()


def _version(tensor: torch.Tensor) -> int:
    # Tensors made under inference mode keep no count; their bits are compared all the same.
    return -1 if tensor.is_inference() else tensor._version
