"""A CRNN as it learns: its recurrent layers one by one, what each of them reads normalized, and folded away when it is done."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import nn

from gateviz.networks.crnn import CRNN

Layer = nn.LSTM | nn.GRU


@dataclass(frozen=True, eq=False)
class LayerPass:
    """What one recurrent layer read and put out in the last forward pass.

    Attributes:
        layer: of one layer, batch first.
        inputs: what it read, after the norm.
        outputs: its hidden states, both directions side by side.
    """

    layer: Layer
    inputs: Float[torch.Tensor, "B T D"]
    outputs: Float[torch.Tensor, "B T P"]


class LayeredCRNN(nn.Module):
    """The network of a ``CRNN`` with a batch norm without weights in front of every recurrent layer.

    The features of a ReLU are all positive, so one step of the optimizer moves all gates of a unit the same
    way, and cells end up that only add up: input and forget gate at 1, the candidate at its end. Features of
    mean 0 and variance 1 do not (batch norm: Ioffe and Szegedy, arXiv 1502.03167; on the inputs of recurrent
    layers: Laurent et al., arXiv 1510.01378). The norms are there in training only: ``plain`` folds them into the
    weights of an ordinary ``nn.LSTM``.

    Args:
        model: whose backbone and head are taken, not copied; its recurrent part is copied layer by layer.
        normalized: with the norms; without them the layers read what they always read.
    """

    def __init__(self, model: CRNN, *, normalized: bool) -> None:
        super().__init__()
        assert model.recurrent is not None, "a network without recurrent layers has nothing to take apart"
        self.config = model.config
        self.backbone, self.head = model.backbone, model.head
        layers = [_single(model.recurrent, depth) for depth in range(model.recurrent.num_layers)]
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(layer.input_size, affine=False) if normalized else nn.Identity() for layer in layers
        )
        self.dropout = nn.Dropout(model.config.dropout)
        self.passes: tuple[LayerPass, ...] = ()

    @property
    def has_cells(self) -> bool:
        """Whether the layers keep cell states, as an LSTM's do."""
        return isinstance(self.layers[0], nn.LSTM)

    def forward(self, images: Float[torch.Tensor, "B channels height W"]) -> Float[torch.Tensor, "B T C"]:
        """Logits of every class at every frame."""
        logits: torch.Tensor = self.head(self.read(self.seen(images)))
        return logits

    def seen(self, images: Float[torch.Tensor, "B channels height W"]) -> Float[torch.Tensor, "B T D"]:
        """What the backbone sees at every frame."""
        features: torch.Tensor = self.backbone(images).squeeze(2).transpose(1, 2)
        return features

    def read(self, seen: Float[torch.Tensor, "B T D"]) -> Float[torch.Tensor, "B T P"]:
        """What the layers make of it; where gradients flow, ``passes`` then has what each read and put out."""
        features, passes = seen, []
        for depth, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            read = norm(features.flatten(0, 1)).view_as(features)
            if depth:
                read = self.dropout(read)
            assert isinstance(layer, nn.LSTM | nn.GRU)
            features, _ = layer(read)
            passes.append(LayerPass(layer, read, features))
        self.passes = tuple(passes) if features.requires_grad else ()
        return features

    @torch.no_grad()
    def settle(self, images: Float[torch.Tensor, "B channels height W"]) -> None:
        """Put the norms between layers that have learned without them: the network computes what it did before.

        The norms take on the mean and the variance of what the layers read now, and the weights take them out again.

        Args:
            images: to read, in evaluation mode.
        """
        features = self.eval().seen(images)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            before = features
            features, _ = layer(before)
            if isinstance(norm, nn.BatchNorm1d):
                read = before.flatten(0, 1)
                norm.running_mean, norm.running_var = read.mean(0), read.var(0, unbiased=False)
                _take_out(layer, norm)

    def plain(self) -> CRNN:
        """The same function in evaluation mode, as a ``CRNN`` of its own with an ordinary recurrent part."""
        with torch.device("meta"):
            model = CRNN(self.config)
        assert model.recurrent is not None
        state = {f"backbone.{name}": tensor for name, tensor in self.backbone.state_dict().items()}
        state |= {f"head.{name}": tensor for name, tensor in self.head.state_dict().items()}
        for depth, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            state |= {f"recurrent.{name}": tensor for name, tensor in _folded(layer, norm, depth).items()}
        copied = {name: tensor.detach().clone() for name, tensor in state.items()}
        model.load_state_dict(copied, strict=True, assign=True)
        return model.requires_grad_(False).eval()


def _single(part: Layer, depth: int) -> Layer:
    """One layer of a recurrent part, as a part of its own with its own weights."""
    directions = 2 if part.bidirectional else 1
    size = part.input_size if depth == 0 else part.hidden_size * directions
    layer = type(part)(size, part.hidden_size, batch_first=True, bidirectional=part.bidirectional)
    layer.to(next(part.parameters()))
    with torch.no_grad():
        for name, weights in layer.named_parameters():
            weights.copy_(getattr(part, name.replace("_l0", f"_l{depth}")))
    return layer


def _take_out(layer: nn.Module, norm: nn.BatchNorm1d) -> None:
    """Let a layer compute behind a norm what it computed without it: the other way round than ``_folded``.

    W x + b = (W deviation) (x - mean) / deviation + b + W mean.
    """
    mean, deviation = _moments(norm)
    for name, weight in layer.named_parameters():
        if name.startswith("weight_ih"):
            bias = layer.get_parameter(name.replace("weight", "bias"))
            bias.add_((weight.double() @ mean).to(bias))
            weight.copy_(weight.double() * deviation)


def _folded(layer: nn.Module, norm: nn.Module, depth: int) -> dict[str, torch.Tensor]:
    """The weights of a layer that reads without its norm, by their names in a part of several layers.

    W (x - mean) / deviation + b = (W / deviation) x + b - (W / deviation) mean, worked out in float64.
    """
    weights = {name: parameter.detach() for name, parameter in layer.named_parameters()}
    if isinstance(norm, nn.BatchNorm1d):
        mean, deviation = _moments(norm)
        for name in [name for name in weights if name.startswith("weight_ih")]:
            bias = name.replace("weight", "bias")
            scaled = weights[name].double() / deviation
            weights[bias] = (weights[bias].double() - scaled @ mean).to(weights[bias].dtype)
            weights[name] = scaled.to(weights[name].dtype)
    return {name.replace("_l0", f"_l{depth}"): tensor for name, tensor in weights.items()}


def _moments(norm: nn.BatchNorm1d) -> tuple[Float[torch.Tensor, " D"], Float[torch.Tensor, " D"]]:
    """What a norm takes away and what it divides by, float64."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None
    return mean.double(), (variance.double() + norm.eps).sqrt()
