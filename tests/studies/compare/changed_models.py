"""The bundled model, changed in ways whose outcome is known."""

from collections.abc import Sequence
from pathlib import Path

import torch

from gateviz.files.models import BUNDLED
from gateviz.networks.crnn import CRNN
from gateviz.networks.crnn_file import load_crnn, save_crnn


def changed_model(path: Path, change) -> Path:
    """The bundled model with ``change(network)`` done to it, in a file."""
    network, document = load_crnn(BUNDLED)
    change(network)
    save_crnn(path, network, document.alphabet, preprocessing=document.preprocessing, notes=document.notes)
    return path


def rounded(network: CRNN) -> None:
    """Every weight matrix of the recurrent layers to 255 levels, one scale a matrix, as int8 holds it."""
    for name, weight in network.recurrent.named_parameters():
        if name.startswith("weight"):
            step = weight.abs().max() / 127
            weight.copy_((weight / step).round() * step)


def pruned(share: float):
    """Without the smallest weights of the recurrent layers."""

    def change(network: CRNN) -> None:
        for name, weight in network.recurrent.named_parameters():
            if name.startswith("weight"):
                weight[weight.abs() < weight.abs().flatten().kthvalue(int(share * weight.numel())).values] = 0.0

    return change


def noisy(ending: str, amount: float, seed: int = 0):
    """With noise on the recurrent weights whose names end so, such as ``l1_reverse``."""

    def change(network: CRNN) -> None:
        noise = torch.Generator().manual_seed(seed)
        for name, weight in network.recurrent.named_parameters():
            if name.startswith("weight") and name.endswith(ending):
                weight.add_(amount * weight.std() * torch.randn(weight.shape, generator=noise))

    return change


def permuted(orders: dict[str, Sequence[int]], turned: dict[str, Sequence[int]] | None = None):
    """With the units of layers in another order, and some with the sign of their state turned: it computes the same.

    Args:
        orders: by the ending of the weights' names (``l0``, ``l0_reverse``): unit ``orders[k]`` becomes unit k.
        turned: likewise, the units (by their new numbers) whose candidate, cell state and hidden state turn around.
    """

    def change(network: CRNN) -> None:
        lstm = network.recurrent
        hidden = lstm.hidden_size
        for ending, order in orders.items():
            chosen = torch.as_tensor(list(order))
            rows = torch.cat([chosen + hidden * gate for gate in range(4)])
            sign = torch.ones(hidden)
            sign[list((turned or {}).get(ending, ()))] = -1.0
            # PyTorch's order of gates is i f g o: of these the candidate turns.
            row_sign = torch.cat([torch.ones(2 * hidden), sign, torch.ones(hidden)])
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                weight = getattr(lstm, f"{kind}_{ending}")
                changed = weight[rows] * (row_sign[:, None] if weight.ndim == 2 else row_sign)
                if kind == "weight_hh":
                    changed = changed[:, chosen] * sign
                weight.copy_(changed)
            offset = hidden if ending.endswith("_reverse") else 0
            columns = torch.arange(2 * hidden)
            columns[offset : offset + hidden] = chosen + offset
            column_sign = torch.ones(2 * hidden)
            column_sign[offset : offset + hidden] = sign
            layer = int(ending[1])
            readers = (
                [getattr(lstm, f"weight_ih_l{layer + 1}{way}") for way in ("", "_reverse")]
                if layer + 1 < lstm.num_layers
                else [network.head.weight]
            )
            for weight in readers:
                weight.copy_(weight[:, columns] * column_sign)

    return change
