"""kraken's older files: Core ML models (``.mlmodel``), whose layers carry the weights and whose text the rest.

Core ML keeps the gates apart, in the order input, forget, output, candidate, each with one bias;
here they come in torch's order with the bias in ``bias_hh`` and none in ``bias_ih``, as kraken loads
them. Layers without weights are left out: the VGSL specification says them again. The numbers of the
fields are those of Core ML's ``Model.proto`` and ``NeuralNetwork.proto``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from gateviz.adapters.core.protobuf import Message
from gateviz.errors import CheckpointError

_DESCRIPTION, _NETWORK = 2, 500
_METADATA, _USER_DEFINED = 100, 100
_KEY, _VALUE = 1, 2
_LAYERS, _NAME = 1, 1
_CONVOLUTION, _INNER_PRODUCT, _ONE_WAY, _BOTH_WAYS, _CUSTOM = 100, 140, 420, 430, 500
_FLOATS, _OTHER_WEIGHTS = 1, (2, 30, 31)
# Gates of an LSTM's weights in torch's order: input, forget, candidate, output.
_INPUT_WEIGHTS, _RECURSION, _BIASES = (1, 2, 3, 4), (20, 21, 22, 23), (40, 41, 42, 43)
_PEEPHOLES = (60, 61, 62)
_SCALE_AND_SHIFT = 2


@dataclass(frozen=True)
class CoreMlModel:
    """What kraken keeps in a Core ML model.

    Attributes:
        weights: by kraken's names without ``nn.``, such as ``C_0.co.weight``.
        metadata: the texts beside them, such as ``vgsl``, ``codec``, ``kraken_meta``.
    """

    weights: Mapping[str, torch.Tensor]
    metadata: Mapping[str, str]


def read_mlmodel(data: bytes) -> CoreMlModel:
    """The weights and the texts in the bytes of a Core ML model.

    Raises:
        CheckpointError: the bytes are damaged, or hold weights that are no single-precision numbers.
    """
    model = Message(memoryview(data), "message")
    metadata = {
        entry.text(_KEY): entry.text(_VALUE)
        for description in model.messages(_DESCRIPTION, "description")
        for texts in description.messages(_METADATA, "metadata")
        for entry in texts.messages(_USER_DEFINED, "metadata")
    }
    weights: dict[str, torch.Tensor] = {}
    for network in model.messages(_NETWORK, "network"):
        for layer in network.messages(_LAYERS, "layer"):
            weights.update(_weights_of(layer))
    return CoreMlModel(weights, metadata)


def _weights_of(layer: Message) -> dict[str, torch.Tensor]:
    name = layer.text(_NAME)
    place = f"layer {name[:60]!r}"
    for number, value in layer.fields():
        if not isinstance(value, memoryview):
            continue
        inner = layer.inside(value, place)
        if number == _CONVOLUTION:
            return _convolution(name.removesuffix("_conv"), inner)
        if number == _INNER_PRODUCT:
            return _linear(name.removesuffix("_lin"), inner)
        if number in (_ONE_WAY, _BOTH_WAYS):
            return _lstm(name.removesuffix("_transposed"), inner)
        if number == _CUSTOM and (pieces := inner.messages(20, place)):
            both = zip(("weight", "bias"), pieces[:_SCALE_AND_SHIFT], strict=False)
            return {f"{name}.layer.{part}": _tensor(piece, (-1,)) for part, piece in both}
    return {}


def _convolution(name: str, layer: Message) -> dict[str, torch.Tensor]:
    rows_and_columns = layer.integers(20)
    sizes = (layer.integer(1), layer.integer(2), *rows_and_columns)
    if layer.integer(60):
        sizes = (sizes[1], sizes[0], *rows_and_columns)
    return {
        f"{name}.co.{part}": _tensor(piece, shape)
        for part, number, shape in (("weight", 90, sizes), ("bias", 91, (-1,)))
        for piece in layer.messages(number, layer.place)
    }


def _linear(name: str, layer: Message) -> dict[str, torch.Tensor]:
    sizes = (layer.integer(2), layer.integer(1))
    return {
        f"{name}.lin.{part}": _tensor(piece, shape)
        for part, number, shape in (("weight", 20, sizes), ("bias", 21, (-1,)))
        for piece in layer.messages(number, layer.place)
    }


def _lstm(name: str, layer: Message) -> dict[str, torch.Tensor]:
    inputs, units = layer.integer(1), layer.integer(2)
    found: dict[str, torch.Tensor] = {}
    for suffix, direction in zip(("", "_reverse"), layer.messages(20, layer.place), strict=False):
        if any(direction.messages(number, layer.place) for number in _PEEPHOLES):
            raise CheckpointError(
                f"the {layer.place} of this Core ML model has peepholes (a model of ocropy, converted), which torch's "
                f"LSTM has not; load a model that kraken itself trained"
            )
        for part, gates, width in (("weight_ih", _INPUT_WEIGHTS, inputs), ("weight_hh", _RECURSION, units)):
            if pieces := _gates(direction, gates, (-1, width)):
                found[f"{name}.layer.{part}_l0{suffix}"] = torch.cat(pieces)
        if pieces := _gates(direction, _BIASES, (-1,)):
            bias = torch.cat(pieces)
            found[f"{name}.layer.bias_hh_l0{suffix}"] = bias
            found[f"{name}.layer.bias_ih_l0{suffix}"] = torch.zeros_like(bias)
    return found


def _gates(direction: Message, numbers: tuple[int, ...], shape: tuple[int, ...]) -> list[torch.Tensor]:
    return [_tensor(piece, shape) for number in numbers for piece in direction.messages(number, direction.place)]


def _tensor(piece: Message, shape: tuple[int, ...]) -> torch.Tensor:
    """The numbers of a weight; one size of -1 takes what is left.

    Raises:
        CheckpointError: there are not as many numbers as the layer's sizes say, or they are packed.
    """
    floats = piece.floats(_FLOATS)
    if not len(floats) and any(piece.bytes_of(number) for number in _OTHER_WEIGHTS):
        raise CheckpointError(
            f"the {piece.place} of this Core ML model has half-precision or quantized weights, and kraken's are single "
            f"precision; load the model it was made from"
        )
    known = int(np.prod([size for size in shape if size != -1], dtype=object))
    fits = known > 0 and (len(floats) % known == 0 if -1 in shape else len(floats) == known)
    if not fits:
        raise CheckpointError(
            f"the {piece.place} of this Core ML model has {len(floats)} numbers where its sizes "
            f"({' x '.join(map(str, shape))}) ask for {'a multiple of ' if -1 in shape else ''}{known}; it is damaged"
        )
    return torch.from_numpy(floats).reshape(shape)
