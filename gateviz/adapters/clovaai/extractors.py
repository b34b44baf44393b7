"""The convolutional extractors of clovaai's networks: after CRNN, after GRCNN (NIPS 2017) and after FAN (arXiv 1709.02054)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import nn

from gateviz.networks.blocks import Added

RESNET_BLOCKS = (1, 2, 5, 3)
"""Residual blocks of the four layers of the ResNet."""

GATED_ROUNDS = 5
"""Times that a gated recurrent convolution runs over its own output."""


def normed(inputs: int, outputs: int, kernel: int, padding: int) -> list[nn.Module]:
    """A convolution without bias, a batch norm and a ReLU."""
    convolution = nn.Conv2d(inputs, outputs, kernel, 1, padding, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def vgg(inputs: int, channels: Sequence[int]) -> nn.Sequential:
    """Seven convolutions, the last of 2 x 2 without padding: T = W/4 - 1."""
    c = (inputs, *channels)
    layers: list[nn.Module] = []
    for i in range(4):
        layers += [nn.Conv2d(c[i], c[i + 1], 3, 1, 1), nn.ReLU(inplace=True)]
        if i < 2:
            layers.append(nn.MaxPool2d(2))
    layers.append(nn.MaxPool2d((2, 1)))
    layers += [*normed(c[4], c[5], 3, 1), *normed(c[5], c[6], 3, 1), nn.MaxPool2d((2, 1))]
    layers += [nn.Conv2d(c[6], c[7], 2), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class GatedUnit(nn.Module):
    """One round of a gated recurrent convolution: five batch norms of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.BN_gfu = nn.BatchNorm2d(channels)
        self.BN_grx = nn.BatchNorm2d(channels)
        self.BN_fu = nn.BatchNorm2d(channels)
        self.BN_rx = nn.BatchNorm2d(channels)
        self.BN_Gx = nn.BatchNorm2d(channels)

    def forward(
        self,
        gate_of_input: Float[torch.Tensor, "B C H W"],
        gate_of_state: Float[torch.Tensor, "B C H W"],
        from_input: Float[torch.Tensor, "B C H W"],
        from_state: Float[torch.Tensor, "B C H W"],
    ) -> Float[torch.Tensor, "B C H W"]:
        """The next state."""
        gate = torch.sigmoid(self.BN_gfu(gate_of_input) + self.BN_grx(gate_of_state))
        return torch.relu(self.BN_fu(from_input) + self.BN_Gx(self.BN_rx(from_state) * gate))


class GatedConvolution(nn.Module):
    """A convolution whose output is convolved again and again, by the same weights, behind a gate (GRCNN)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.wgf_u = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.wgr_x = nn.Conv2d(outputs, outputs, 1, bias=False)
        self.wf_u = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.wr_x = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.BN_x_init = nn.BatchNorm2d(outputs)
        self.GRCL = nn.Sequential(*(GatedUnit(outputs) for _ in range(GATED_ROUNDS)))

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B D H W"]:
        """The state after the last round."""
        gate, convolved = self.wgf_u(x), self.wf_u(x)
        state: torch.Tensor = torch.relu(self.BN_x_init(convolved))
        for unit in self.GRCL:
            state = unit(gate, self.wgr_x(state), convolved, self.wr_x(state))
        return state

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The way through every round, which sees what all others see and more."""
        return ((self.wf_u, *(self.wr_x for _ in self.GRCL)),)


def rcnn(inputs: int, channels: Sequence[int]) -> nn.Sequential:
    """A convolution, three gated ones, and one of 2 x 2 without padding: T = W/4 + 1."""
    first, second, third, fourth, last = channels

    def halve_rows() -> nn.Module:
        return nn.MaxPool2d(2, (2, 1), (0, 1))

    return nn.Sequential(
        nn.Conv2d(inputs, first, 3, 1, 1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        GatedConvolution(first, second),
        nn.MaxPool2d(2),
        GatedConvolution(second, third),
        halve_rows(),
        GatedConvolution(third, fourth),
        halve_rows(),
        *normed(fourth, last, 2, 0),
    )


def _residual(inputs: int, outputs: int) -> Added:
    """Two convolutions added to their input, which is brought to as many channels where it has not."""
    branch = {
        "conv1": nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        "bn1": nn.BatchNorm2d(outputs),
        "relu": nn.ReLU(),
        "conv2": nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        "bn2": nn.BatchNorm2d(outputs),
    }
    if inputs == outputs:
        return Added(branch)
    short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
    return Added(branch, {"downsample": short})


class ResNet(nn.Module):
    """The extractor of FAN: T = W/4 + 1."""

    def __init__(self, inputs: int, channels: Sequence[int]) -> None:
        super().__init__()
        start, stem, *layers = channels
        self.conv0_1, self.bn0_1 = nn.Conv2d(inputs, start, 3, 1, 1, bias=False), nn.BatchNorm2d(start)
        self.conv0_2, self.bn0_2 = nn.Conv2d(start, stem, 3, 1, 1, bias=False), nn.BatchNorm2d(stem)
        before = stem
        for n, (outputs, blocks) in enumerate(zip(layers, RESNET_BLOCKS, strict=True), start=1):
            residual = [_residual(before if i == 0 else outputs, outputs) for i in range(blocks)]
            setattr(self, f"layer{n}", nn.Sequential(*residual))
            if n < len(layers):
                setattr(self, f"conv{n}", nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False))
                setattr(self, f"bn{n}", nn.BatchNorm2d(outputs))
            before = outputs
        self.maxpool1, self.maxpool2 = nn.MaxPool2d(2), nn.MaxPool2d(2)
        self.maxpool3 = nn.MaxPool2d(2, (2, 1), (0, 1))
        self.conv4_1, self.bn4_1 = nn.Conv2d(before, before, 2, (2, 1), (0, 1), bias=False), nn.BatchNorm2d(before)
        self.conv4_2, self.bn4_2 = nn.Conv2d(before, before, 2, bias=False), nn.BatchNorm2d(before)

    def _in_order(self) -> list[nn.Module]:
        """The layers in the order in which they run."""
        layers: list[nn.Module] = []

        def convolve(name: str) -> None:
            layers.extend((getattr(self, f"conv{name}"), getattr(self, f"bn{name}"), nn.ReLU()))

        convolve("0_1")
        convolve("0_2")
        for n in (1, 2, 3):
            layers.extend((getattr(self, f"maxpool{n}"), getattr(self, f"layer{n}")))
            convolve(str(n))
        layers.append(getattr(self, "layer4"))  # noqa: B009 (so that it is typed)
        convolve("4_1")
        convolve("4_2")
        return layers

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B D h T"]:
        """The features."""
        for layer in self._in_order():
            x = layer(x)
        return x

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """One layer after the other."""
        return (self._in_order(),)
