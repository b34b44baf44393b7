"""Lets torchvision be imported beside a torch for CPU: its wheel on PyPI is built for CUDA, and two operators are missing."""

import importlib

import torch

_library = torch.library.Library("torchvision", "FRAGMENT")
for _name in ("nms", "qnms"):
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        _library.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
