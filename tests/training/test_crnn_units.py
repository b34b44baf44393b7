"""The network without some of its units: what is left is exactly what it was, wherever the others said nothing."""

import numpy as np
import pytest
import torch
from torch import nn

from gateviz.data.crnn import CrnnConfig
from gateviz.data.gates import Direction
from gateviz.errors import TrainingError
from gateviz.networks.crnn import CRNN
from gateviz.training.crnn_units import incoming, most_important, outgoing, places, units_left, with_units

PIXELS = torch.rand(2, 1, 32, 72, generator=torch.Generator().manual_seed(3))
CONFIG = {"backbone": "vgg_narrow", "hidden_size": 6, "backbone_scale": 0.1}
BOTH = (Direction.FORWARD, Direction.BACKWARD)


def network(**config):
    torch.manual_seed(5)
    return CRNN(CrnnConfig(4, **{**CONFIG, **config})).requires_grad_(False).eval()


def some(module, count, seed=0):
    """So many units of each layer and direction, other ones everywhere."""
    rng = np.random.default_rng(seed)
    size = module.recurrent.hidden_size
    return {place: np.sort(rng.permutation(size)[:count]).astype(np.int64) for place in places(module)}


def silenced(module, kept):
    """The units that are not kept are read by nobody any more: written out by hand, not by what is tested."""
    part, size = module.recurrent, module.recurrent.hidden_size
    for (layer, direction), units in kept.items():
        gone = sorted(set(range(size)) - set(units.tolist()))
        way = BOTH.index(direction)
        suffix = "_reverse" if way else ""
        getattr(part, f"weight_hh_l{layer}{suffix}")[:, gone] = 0
        columns = [size * way + unit for unit in gone]
        if layer + 1 == part.num_layers:
            module.head.weight[:, columns] = 0
            continue
        for reader in ("", "_reverse") if part.bidirectional else ("",):
            getattr(part, f"weight_ih_l{layer + 1}{reader}")[:, columns] = 0
    return module


@pytest.mark.parametrize("recurrent", ["lstm", "gru"])
@pytest.mark.parametrize(("depth", "bidirectional"), [(1, True), (2, True), (3, False)])
def test_units_that_nobody_reads_can_go_and_the_logits_stay(recurrent, depth, bidirectional):
    module = network(recurrent=recurrent, depth=depth, bidirectional=bidirectional)
    kept = some(module, 4)
    silenced(module, kept)
    small = with_units(module, kept)
    assert type(small.recurrent) is (nn.LSTM if recurrent == "lstm" else nn.GRU)
    assert small.config.hidden_size == small.recurrent.hidden_size == 4
    expected = module(PIXELS)
    torch.testing.assert_close(small(PIXELS), expected, rtol=0, atol=1e-6)
    # Another choice of units is another network, so that the test can fail.
    assert (with_units(module, some(module, 4, seed=1))(PIXELS) - expected).abs().max() > 1e-4


def test_removing_units_leaves_the_network_as_it_was():
    module = network()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    small = with_units(module, some(module, 3))
    small.head.weight.fill_(7.0)
    small.backbone[0].weight.fill_(7.0)
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_the_shapes_are_those_of_a_smaller_layer():
    module = network(depth=2)
    features = module.recurrent.input_size
    shapes = {name: tuple(tensor.shape) for name, tensor in with_units(module, some(module, 5)).state_dict().items()}
    for suffix in ("", "_reverse"):
        assert shapes[f"recurrent.weight_ih_l0{suffix}"] == (20, features)
        assert shapes[f"recurrent.weight_ih_l1{suffix}"] == (20, 10)
        assert shapes[f"recurrent.weight_hh_l1{suffix}"] == (20, 5)
        assert shapes[f"recurrent.bias_hh_l0{suffix}"] == (20,)
    assert shapes["head.weight"] == (4, 10)


def test_the_weights_of_a_unit_are_found_where_torch_has_them():
    module = network(depth=2)
    part = module.recurrent
    rows = [2, 8, 14, 20]  # unit 2 of 6 in the blocks i, f, g, o
    found = incoming(module, (1, Direction.BACKWARD))[2]
    into = [part.weight_ih_l1_reverse[rows].flatten(), part.weight_hh_l1_reverse[rows].flatten()]
    torch.testing.assert_close(found, torch.cat(into), rtol=0, atol=0)
    out_of_first = [part.weight_hh_l0_reverse[:, 2], part.weight_ih_l1[:, 8], part.weight_ih_l1_reverse[:, 8]]
    torch.testing.assert_close(outgoing(module, (0, Direction.BACKWARD))[2], torch.cat(out_of_first), rtol=0, atol=0)
    out_of_last = [part.weight_hh_l1[:, 2], module.head.weight[:, 2]]
    torch.testing.assert_close(outgoing(module, (1, Direction.FORWARD))[2], torch.cat(out_of_last), rtol=0, atol=0)


def test_the_highest_scores_stay_and_of_equal_ones_the_first():
    place = (0, Direction.FORWARD)
    kept = most_important({place: np.array([1.0, 5.0, 3.0, 5.0, 1.0])}, 4)
    assert kept[place].tolist() == [0, 1, 2, 3]


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(TrainingError, match=r"the scores of the units of layer 1 backward are no finite numbers"):
        most_important({(1, Direction.BACKWARD): np.array([1.0, np.nan])}, 1)


def test_the_share_is_of_the_units_of_a_layer_and_direction():
    assert units_left(96, 0.3) == 67
    with pytest.raises(
        TrainingError, match=r"a share of 0\.95 of 6 units .* leaves none; give more than 0 and at most 0\.833"
    ):
        units_left(6, 0.95)
    with pytest.raises(TrainingError, match=r"a share of 0\.05 of 6 units .* is not one unit; give at least 0\.167"):
        units_left(6, 0.05)
