"""Writes Core ML models with the layers that kraken writes, so that tests have such files without its libraries."""

import struct

import numpy as np

LSTM_GATES = {"weight_ih": (1, 2, 3, 4), "weight_hh": (20, 21, 22, 23), "bias": (40, 41, 42, 43)}


def varint(number):
    """A number in groups of seven bits, the lowest first."""
    pieces = bytearray()
    while number > 0x7F:
        pieces.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*pieces, number])


def integer(field, value):
    return varint(field << 3) + varint(value)


def piece(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def floats(field, values):
    """A message of weights."""
    numbers = np.asarray(values, "<f4").tobytes()
    return piece(field, piece(1, numbers))


def layer(name, field, content):
    return piece(1, piece(1, name) + piece(2, "input") + piece(3, name) + piece(field, content))


def convolution(name, state):
    weight = state.get(f"{name}.co.weight")
    content = b""
    if weight is not None:
        content += integer(1, weight.shape[0]) + integer(2, weight.shape[1])
        content += piece(20, b"".join(varint(size) for size in weight.shape[2:])) + floats(90, weight.flatten())
    return layer(f"{name}_conv", 100, content + optional(91, state.get(f"{name}.co.bias")))


def linear(name, state):
    weight = state.get(f"{name}.lin.weight")
    content = b""
    if weight is not None:
        content += integer(1, weight.shape[1]) + integer(2, weight.shape[0]) + floats(20, weight.flatten())
    return layer(f"{name}_lin", 140, content + optional(21, state.get(f"{name}.lin.bias")))


def optional(field, values):
    return b"" if values is None else floats(field, values)


def lstm(name, state):
    """Gates apart, biases summed; an entry that is missing in the state is missing in the file."""
    directions = b""
    inputs = units = 0
    both = any(key.startswith(f"{name}.layer.") and key.endswith("_reverse") for key in state)
    for suffix in ("_l0", "_l0_reverse") if both else ("_l0",):
        given = {part: state.get(f"{name}.layer.{part}{suffix}") for part in ("weight_ih", "weight_hh")}
        biases = [state.get(f"{name}.layer.{part}{suffix}") for part in ("bias_ih", "bias_hh")]
        if all(bias is not None for bias in biases):
            given["bias"] = biases[0] + biases[1] if biases[0].shape == biases[1].shape else max(biases, key=len)
        inputs = inputs if given["weight_ih"] is None else given["weight_ih"].shape[1]
        units = units if given["weight_hh"] is None else given["weight_hh"].shape[1]
        content = b""
        for part, tensor in given.items():
            for number, gate in zip(LSTM_GATES[part], () if tensor is None else tensor.tensor_split(4), strict=False):
                content += floats(number, gate.flatten())
        directions += piece(20, content)
    return layer(name, 430 if both else 420, integer(1, inputs) + integer(2, units) + directions)


def group_norm(name, state):
    weights = b"".join(optional(20, state.get(f"{name}.layer.{part}")) for part in ("weight", "bias"))
    return layer(name, 500, piece(10, "groupnorm") + weights)


WRITERS = {"C": convolution, "L": lstm, "O": linear, "Gn": group_norm}


def model(names, state, texts):
    """The bytes of a model: its layers by kraken's names such as ``C_0``, the weights, the texts beside them."""
    layers = b"".join(WRITERS[name.rpartition("_")[0]](name, state) for name in names)
    entries = b"".join(piece(100, piece(1, key) + piece(2, value)) for key, value in texts.items())
    described = (
        piece(1, piece(1, "input")) + piece(10, piece(1, "output")) + piece(100, piece(1, "kraken model") + entries)
    )
    return integer(1, 2) + piece(2, described) + piece(500, layers)


def four_bytes(value):
    """One single-precision number that stands for itself, not packed."""
    return varint(1 << 3 | 5) + struct.pack("<f", value)
