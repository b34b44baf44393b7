"""The convolutional stacks of the lineages that people bring, with few channels: channels have no part in geometry."""

import torch
from torch import nn


def conv(inputs, outputs, kernel=3, padding=1, stride=1, norm=False, bias=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=bias)]
    if norm:
        layers.append(nn.BatchNorm2d(outputs))
    return [*layers, nn.ReLU()]


def padded_halving():
    return nn.MaxPool2d((2, 2), (2, 1), (0, 1))


def meijieru():
    """meijieru, Holmeyoung, Sierkinhane, MMOCR, courao."""
    return nn.Sequential(
        *conv(1, 2),
        nn.MaxPool2d(2),
        *conv(2, 3),
        nn.MaxPool2d(2),
        *conv(3, 4, norm=True),
        *conv(4, 4),
        padded_halving(),
        *conv(4, 5, norm=True),
        *conv(5, 5),
        padded_halving(),
        *conv(5, 5, kernel=2, padding=0, norm=True),
    )


def gitycc():
    return nn.Sequential(
        *conv(1, 2),
        nn.MaxPool2d(kernel_size=2, stride=2),
        *conv(2, 3),
        nn.MaxPool2d(kernel_size=2, stride=2),
        *conv(3, 4),
        *conv(4, 4),
        nn.MaxPool2d(kernel_size=(2, 1)),
        *conv(4, 5, norm=True),
        *conv(5, 5, norm=True),
        nn.MaxPool2d(kernel_size=(2, 1)),
        *conv(5, 5, kernel=2, padding=0),
    )


def clovaai_vgg():
    """clovaai VGG, EasyOCR generation 2."""
    return nn.Sequential(
        *conv(1, 2),
        nn.MaxPool2d(2, 2),
        *conv(2, 3),
        nn.MaxPool2d(2, 2),
        *conv(3, 4),
        *conv(4, 4),
        nn.MaxPool2d((2, 1), (2, 1)),
        *conv(4, 5, norm=True, bias=False),
        *conv(5, 5, norm=True, bias=False),
        nn.MaxPool2d((2, 1), (2, 1)),
        *conv(5, 5, kernel=2, padding=0),
    )


class Residual(nn.Module):
    """Two convolutions beside a shortcut, which has a 1 x 1 convolution where the channels change."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return torch.relu(self.layers(x) + self.shortcut(x))

    def axis_paths(self):
        return (self.layers,), (self.shortcut,)


def residuals(inputs, outputs, count):
    return [Residual(inputs if i == 0 else outputs, outputs) for i in range(count)]


def clovaai_resnet():
    """clovaai ResNet, EasyOCR generation 1: 1, 2, 5 and 3 residual blocks."""
    return nn.Sequential(
        *conv(1, 2, norm=True, bias=False),
        *conv(2, 2, norm=True, bias=False),
        nn.MaxPool2d(2, 2),
        *residuals(2, 3, 1),
        *conv(3, 3, norm=True, bias=False),
        nn.MaxPool2d(2, 2),
        *residuals(3, 4, 2),
        *conv(4, 4, norm=True, bias=False),
        nn.MaxPool2d(2, (2, 1), (0, 1)),
        *residuals(4, 5, 5),
        *conv(5, 5, norm=True, bias=False),
        *residuals(5, 5, 3),
        *conv(5, 5, kernel=2, stride=(2, 1), padding=(0, 1), norm=True, bias=False),
        *conv(5, 5, kernel=2, padding=0, norm=True, bias=False),
    )


def doctr_vgg16():
    """torchvision's vgg16_bn with the last three poolings over rows only."""
    layers, inputs = [], 3
    for count, outputs, pool in ((2, 2, 2), (2, 3, 2), (3, 4, (2, 1)), (3, 5, (2, 1)), (3, 5, (2, 1))):
        for _ in range(count):
            layers += conv(inputs, outputs, norm=True)
            inputs = outputs
        layers.append(nn.MaxPool2d(pool))
    return nn.Sequential(*layers)


def modelscope():
    return nn.Sequential(
        nn.Sequential(*conv(1, 2, norm=True)),
        nn.MaxPool2d(2),
        nn.Sequential(*conv(2, 3, norm=True)),
        nn.MaxPool2d(2),
        nn.Sequential(*conv(3, 4, norm=True), *conv(4, 4, norm=True)),
        nn.MaxPool2d((2, 1)),
        nn.Sequential(*conv(4, 5, norm=True), *conv(5, 5, norm=True)),
        nn.MaxPool2d((2, 1)),
        nn.Sequential(*conv(5, 5, kernel=(2, 1), padding=0, stride=(2, 1), norm=True)),
    )


def kraken():
    """Cr3,13 Mp2,2 Cr3,13 Mp2,2 Cr3,9 Mp2,2 Cr3,9: convolutions keep the size, three poolings halve it."""
    return nn.Sequential(
        *conv(1, 2, kernel=(3, 13), padding=(1, 6)),
        nn.Dropout(0.1),
        nn.MaxPool2d(2),
        *conv(2, 2, kernel=(3, 13), padding=(1, 6)),
        nn.Dropout(0.1),
        nn.MaxPool2d(2),
        *conv(2, 3, kernel=(3, 9), padding=(1, 4)),
        nn.Dropout(0.1),
        nn.MaxPool2d(2),
        *conv(3, 3, kernel=(3, 9), padding=(1, 4)),
        nn.Dropout(0.1),
    )


# Name: stack, channels and rows of its input, frames at W columns, center of frame 0, stride, receptive field.
STACKS = {
    "meijieru": (meijieru, 1, 32, lambda w: w // 4 + 1, 0.0, 4.0, 54.0),
    "gitycc": (gitycc, 1, 32, lambda w: w // 4 - 1, 4.0, 4.0, 46.0),
    "clovaai_vgg": (clovaai_vgg, 1, 32, lambda w: w // 4 - 1, 4.0, 4.0, 46.0),
    "clovaai_resnet": (clovaai_resnet, 1, 32, lambda w: w // 4 + 1, 0.0, 4.0, 208.0),
    "doctr_vgg16": (doctr_vgg16, 3, 32, lambda w: w // 4, 2.0, 4.0, 88.0),
    "modelscope": (modelscope, 1, 32, lambda w: w // 4, 2.0, 4.0, 42.0),
    "kraken": (kraken, 1, 120, lambda w: w // 8, 4.0, 8.0, 140.0),
}
