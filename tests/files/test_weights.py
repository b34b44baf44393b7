"""Weights of a file are the numbers that torch reads there, whatever their type, in memory of their own."""

import io

import numpy as np
import pytest
import torch
from safetensors.torch import save

from gateviz.files.tensor_header import read_header
from gateviz.files.weights import stored_weights


def read(tensors):
    content = bytearray(save(tensors))
    found = stored_weights(content, read_header(io.BytesIO(content)))
    content[:] = bytes(len(content))
    return found


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64])
def test_numbers_are_those_that_were_saved(kind):
    torch.manual_seed(0)
    # An odd number of bytes in front, so that what follows is not aligned.
    tensors = {
        "a": torch.randn(3).mul(9).to(kind),
        "b": torch.randn(2, 5).mul(9).to(kind),
        "c": torch.tensor(7).to(kind),
    }
    found = read(tensors)
    for name, tensor in tensors.items():
        assert found[name].shape == tuple(tensor.shape)
        assert np.array_equal(found[name].astype(np.float64), tensor.double().numpy())


def test_types_that_no_weights_of_such_a_model_have():
    assert read({"a": torch.zeros(2), "b": torch.zeros(2, dtype=torch.int8)}) is None
