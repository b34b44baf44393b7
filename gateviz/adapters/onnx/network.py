"""A recognizer's graph as a torch module: ONNX Runtime up to the recurrent nodes, torch from there.

Exporters write the number of lines into a graph as often as not. So every node runs line by line,
as the graph does for one line, and only the recurrent layers run all lines at once: any graph then
takes any number of lines, and a line's numbers do not depend on its neighbors.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.core.frame_by_frame import FrameByFrame
from gateviz.adapters.onnx.division import Division, is_recurrent
from gateviz.adapters.onnx.graph import OnnxGraph
from gateviz.adapters.onnx.node import Node
from gateviz.adapters.onnx.operators import OPERATIONS, as_tensor
from gateviz.adapters.onnx.recurrent import RecurrentNode
from gateviz.adapters.onnx.runtime import Section
from gateviz.adapters.onnx.work import Work
from gateviz.errors import CheckpointError, GatevizError

InputLayout = Literal["channels first", "channels last", "no channels"]
Line = dict[str, torch.Tensor]
"""The values of one line, by name."""


class OnnxNetwork(nn.Module):
    """The network of a graph: (B, channels, H, W) to (T, B, classes).

    Attributes:
        recurrent: its recurrent nodes, in order.
        output_axes: where frames, lines and classes stand in the graph's output.
    """

    def __init__(self, graph: OnnxGraph, division: Division, layout: InputLayout) -> None:
        """Cuts the graph, works out the constants, builds the recurrent layers.

        Raises:
            CheckpointError: ONNX Runtime refuses a node, or the weights' shapes do not go together.
            MissingExtraError: the package onnxruntime is not installed.
        """
        super().__init__()
        self.division = division
        self.layout = layout
        (self._port,) = graph.inputs
        self._section = Section(graph, division.fed)
        constants = _constants(graph, division)
        self.recurrent = nn.ModuleList(RecurrentNode(node, constants) for node in division.recurrent)
        weights = {name for module in self.recurrent_nodes for name in module.ports.weights}
        self._constant_names = [name for name in division.constants if name not in weights]
        for number, name in enumerate(self._constant_names):
            self.register_buffer(f"constant_{number}", as_tensor(constants[name]))
        self.output_axes = (0, 1, 2)
        self._opset = graph.opset

    @property
    def recurrent_nodes(self) -> tuple[RecurrentNode, ...]:
        """The modules in ``recurrent``."""
        return tuple(module for module in self.recurrent if isinstance(module, RecurrentNode))

    def forward(self, images: Float[torch.Tensor, "B channels H W"]) -> Float[torch.Tensor, "T B C"]:
        """What the graph says of every class at every frame."""
        return torch.cat([each.permute(self.output_axes) for each in self.outputs(images)], 1)

    def outputs(self, images: Float[torch.Tensor, "B channels H W"]) -> list[torch.Tensor]:
        """The graph's output for every line, on its own axes.

        Raises:
            CheckpointError: the graph does not take images of this size; names the node.
        """
        lines = [self.fed_values(image) for image in images]
        constants = {name: self.get_buffer(f"constant_{number}") for number, name in enumerate(self._constant_names)}
        for line in lines:
            line.update(constants)
        modules = iter(self.recurrent_nodes)
        work = Work(images.numel(), images.shape[-1])
        for line in lines:
            work.after([line[name] for name in self.division.fed])
        for node in self.division.rebuilt:
            if is_recurrent(node):
                _run_recurrent(next(modules), lines, work)
            else:
                for line in lines:
                    self._run(node, line, work)
        return [line[self.division.output] for line in lines]

    def fed_values(self, image: Float[torch.Tensor, "channels H W"]) -> Line:
        """What ONNX Runtime computes for one line: what the rebuilt part is fed.

        Raises:
            CheckpointError: the graph does not take an image of this size.
        """
        pixels = image.detach().cpu().numpy()
        if self.layout == "channels last":
            pixels = pixels.transpose(1, 2, 0)
        elif self.layout == "no channels":
            pixels = pixels[0]
        kind = np.float16 if self._port.type == "float16" else np.float32
        found = self._section.run({self._port.name: np.ascontiguousarray(pixels[None], kind)})
        return {name: as_tensor(array).to(image.device) for name, array in found.items()}

    def frames(self, image: Float[torch.Tensor, "channels H W"]) -> dict[str, Float[torch.Tensor, "T _"]]:
        """What each recurrent node along the line is given for one image, by its value's name, and what comes out.

        The recurrent nodes run frame by frame, so that a frame depends on what it looks at alone.

        Raises:
            CheckpointError: the graph does not take an image of this size.
        """
        found: dict[str, torch.Tensor] = {}

        def keep(module: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
            assert isinstance(module, RecurrentNode)
            found[module.ports.X] = arguments[0][0] if module.batch_first else arguments[0][:, 0]

        hooks = [module.register_forward_pre_hook(keep) for module in self.recurrent_nodes]
        try:
            with torch.no_grad(), FrameByFrame(self, (), 1):
                (output,) = self.outputs(image[None])
        finally:
            for hook in hooks:
                hook.remove()
        return found | {self.division.output: output.permute(self.output_axes)[:, 0]}

    def _run(self, node: Node, line: Line, work: Work) -> None:
        given = [line[name] if name else None for name in node.inputs]
        try:
            work.before(node, given)
            made = OPERATIONS[node.op](node, self._opset, given)
            work.after(made)
        except GatevizError as error:
            raise CheckpointError(f"{node.words} cannot run: {error}") from error
        # What torch, an attribute or an input that is not there says of sizes that do not go together.
        except (RuntimeError, LookupError, TypeError, ValueError, OverflowError, AssertionError) as error:
            shapes = ", ".join(str(list(each.shape)) for each in given if each is not None)
            raise CheckpointError(
                f"{node.words} cannot run on {shapes or 'nothing'} ({str(error).splitlines()[0][:120]}); "
                f"the graph may be made for lines of one width"
            ) from error
        line.update(zip(node.outputs, made, strict=False))


def _constants(graph: OnnxGraph, division: Division) -> Mapping[str, np.ndarray]:
    """The values that do not depend on the image: stored in the file, or made from what is stored."""
    made = [name for name in division.constants if name not in graph.stored]
    stored = {name: graph.stored[name] for name in division.constants if name in graph.stored}
    return stored | Section(graph, made).run({})


def _run_recurrent(module: RecurrentNode, lines: list[Line], work: Work) -> None:
    """Runs a recurrent node on all lines at once.

    Raises:
        CheckpointError: the lines or the states have not the axes the node asks for.
    """
    ports, node = module.ports, module.node
    across = 0 if module.batch_first else 1
    sequences = [line[ports.X] for line in lines]
    if any(each.ndim != 3 or each.shape[2] != module.layer.input_size for each in sequences):
        raise CheckpointError(
            f"{node.words} was given {list(sequences[0].shape)}, and it reads sequences of "
            f"{module.layer.input_size} numbers; the graph may be made for lines of one height"
        )
    counts = [each.shape[across] for each in sequences]
    frames = sequences[0].shape[1 - across]
    work.frames(frames)
    if ports.sequence_lens and any(int(size) != frames for line in lines for size in line[ports.sequence_lens]):
        raise CheckpointError(f"{node.words} was told to read less than its {frames} frames, which gateviz does not")
    names = [name for name in (ports.initial_h, ports.initial_c)[: 2 if node.op == "LSTM" else 1] if name]
    states = [torch.cat([line[name] for line in lines], across) for name in names]
    if node.op == "LSTM" and len(states) == 1:
        zeros = torch.zeros_like(states[0])
        states = [states[0], zeros] if ports.initial_h else [zeros, states[0]]
    asked = (module.directions, sum(counts), module.layer.hidden_size)
    for state in states:
        if tuple(state.transpose(0, 1).shape if module.batch_first else state.shape) != asked:
            raise CheckpointError(
                f"{node.words} was given an initial state of {list(state.shape)}, and it keeps {asked[2]} units in "
                f"{asked[0]} directions; the graph may be made for batches of another size"
            )
    made = module(torch.cat(sequences, across), *states)
    across_y = 0 if module.batch_first else 2
    for name, value, axis in zip(node.outputs, made, (across_y, across, across), strict=False):
        if name:
            for line, part in zip(lines, value.split(counts, axis), strict=True):
                line[name] = part
