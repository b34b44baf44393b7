"""The recurrent units of a CRNN: where each is written and read, and the network without some of them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import nn

from gateviz.data.gates import Direction, Place, place_words
from gateviz.errors import TrainingError
from gateviz.networks.crnn import CRNN
from gateviz.networks.crnn_file import build_crnn

Kept = Mapping[Place, Int64[np.ndarray, " K"]]
"""The units of each layer and direction that stay, rising."""
Scores = Mapping[Place, Float64[np.ndarray, " H"]]
"""How much each unit of each layer and direction matters; what the numbers mean is up to who gave them."""


def recurrent_part(module: CRNN) -> nn.LSTM | nn.GRU:
    """The recurrent part of a network that is known to have one."""
    assert module.recurrent is not None, "a network without recurrent layers has no units"
    return module.recurrent


def places(module: CRNN) -> tuple[Place, ...]:
    """Every layer and direction, the lowest layer first."""
    part = recurrent_part(module)
    directions = tuple(Direction) if part.bidirectional else (Direction.FORWARD,)
    return tuple((layer, direction) for layer in range(part.num_layers) for direction in directions)


def weight_of(part: nn.LSTM | nn.GRU, name: str, place: Place) -> Float[torch.Tensor, "..."]:
    """One weight of a layer and direction, such as ``weight_ih``, without its gradient."""
    found: torch.Tensor = getattr(part, named(name, place))
    return found.detach()


def named(name: str, place: Place) -> str:
    """What torch calls a weight of a layer and direction.

    Example:
        >>> named("weight_ih", (1, Direction.BACKWARD))
        'weight_ih_l1_reverse'
    """
    layer, direction = place
    return f"{name}_l{layer}{'_reverse' if direction is Direction.BACKWARD else ''}"


def incoming(module: CRNN, place: Place) -> Float[torch.Tensor, "H weights"]:
    """All weights by which the gates of each unit read: of the layer below and of the states before."""
    part = recurrent_part(module)
    rows = [weight_of(part, name, place) for name in ("weight_ih", "weight_hh")]
    # Gates lie one block under the other; a unit has a row in each block.
    return torch.cat(
        [each.reshape(-1, part.hidden_size, each.shape[1]).transpose(0, 1).flatten(1) for each in rows], dim=1
    )


def outgoing(module: CRNN, place: Place) -> Float[torch.Tensor, "H weights"]:
    """All weights by which each unit is read: by its own layer a step later, and by the layer above or the head."""
    part = recurrent_part(module)
    layer, direction = place
    first = part.hidden_size if direction is Direction.BACKWARD else 0
    columns = slice(first, first + part.hidden_size)
    above = [weight_of(part, "weight_ih", other) for other in places(module) if other[0] == layer + 1]
    readers = [weight_of(part, "weight_hh", place)]
    readers += [each[:, columns] for each in above or [module.head.weight.detach()]]
    return torch.cat(readers).transpose(0, 1)


def units_left(size: int, share: float) -> int:
    """How many of so many units stay where a share of them goes.

    Raises:
        TrainingError: none would stay, or none would go.

    Example:
        >>> units_left(96, 0.3)
        67
    """
    gone = round(share * size)
    if not 0 < share < 1 or gone == size:
        raise TrainingError(
            f"a share of {share:g} of {size} units a layer and direction was to be removed, which leaves none; give more "
            f"than 0 and at most {(size - 1) / size:.3g}"
        )
    if not gone:
        raise TrainingError(
            f"a share of {share:g} of {size} units a layer and direction is not one unit; give at least {1 / size:.3g}"
        )
    return size - gone


def most_important(scores: Scores, count: int) -> Kept:
    """The so many units of every layer and direction with the highest scores; of equal ones the first.

    Raises:
        TrainingError: a score is no number.
    """
    kept = {}
    for place, found in scores.items():
        if not np.isfinite(found).all():
            raise TrainingError(
                f"the scores of the units of {place_words(place)} are no finite numbers, so none can be chosen; "
                f"look at the lines and at the model with gateviz eval"
            )
        kept[place] = np.sort(np.argsort(-found, kind="stable")[:count]).astype(np.int64)
    return kept


def with_units(module: CRNN, kept: Kept) -> CRNN:
    """The network with these units alone, in evaluation mode: a plain, smaller ``nn.LSTM`` or ``nn.GRU``.

    What the removed units said is missing wherever it was read; all other weights are as they were.

    Args:
        module: which is left as it is.
        kept: as many units for every layer and direction, at least one.
    """
    part = recurrent_part(module)
    sizes = {len(units) for units in kept.values()}
    assert len(sizes) == 1, "a plain recurrent layer has one size for all layers and directions"
    assert set(kept) == set(places(module)), "each layer and direction needs its units"
    state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
    read: torch.Tensor | None = None
    for layer in range(part.num_layers):
        own = [place for place in places(module) if place[0] == layer]
        for place in own:
            units = torch.from_numpy(kept[place])
            blocks = weight_of(part, "bias_ih", place).shape[0] // part.hidden_size
            rows = torch.cat([units + block * part.hidden_size for block in range(blocks)])
            for name, columns in (("weight_ih", read), ("weight_hh", units), ("bias_ih", None), ("bias_hh", None)):
                weight = weight_of(part, name, place)[rows]
                state[f"recurrent.{named(name, place)}"] = (
                    weight if columns is None else weight[:, columns]
                ).contiguous()
        read = torch.cat([torch.from_numpy(kept[place]) + way * part.hidden_size for way, place in enumerate(own)])
    assert read is not None
    state["head.weight"] = module.head.weight.detach()[:, read].contiguous()
    return build_crnn(replace(module.config, hidden_size=sizes.pop()), state)
