"""The network of a recognizer as an ONNX graph, traced by torch's exporter: standard operators, any width, any batch."""

import copy
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.recognizer import Recognizer
from gateviz.capture.ruled import RuledLSTM
from gateviz.conversion.recurrent_stand_in import RecurrentStandIn
from gateviz.errors import CheckpointError, GeometryError, ImageError, MissingExtraError

if TYPE_CHECKING:
    import onnx

INPUT = "image"
OPSET, IR_VERSION = 18, 8
"""What torch's exporter writes without converting, and the first format of a file that holds it."""

WEIGHTS = "network."
"""In front of the names that the network's own tensors have in the graph."""

_TRIAL_ROWS, _TRIAL_COLUMNS = 48, 480
# torch's exporter takes a size of 1 for one that never changes.
_TRIAL_BATCH = 2
_WIDER = 64
_STANDARD = ("", "ai.onnx")
_LONGEST_CAUSE = 160
_FIXED = re.compile(r"inferred a static shape of (\d+) for dimension .*\.shape\[([03])\]")
_AXES = ("batch", "channels", "height", "width")

# What is run step by step or by rules of its own has no node in ONNX that gives its frames at once.
_STEPWISE = (nn.LSTMCell, nn.GRUCell, nn.RNNCell)


def graph_of(recognizer: Recognizer) -> "onnx.ModelProto":
    """The graph of a recognizer's network: ``image`` (B, channels, height, W) to numbers of the classes, (B, T, C).

    They are the module's numbers, batch first, whatever its layout, under the name of what they are: ``logits``,
    ``log_probs`` or ``probs``. Each recurrent layer is one LSTM or GRU node, in the direction in which it reads the line.
    The recognizer stays as it is; its weights are copied as float32.

    Args:
        recognizer: of any lineage whose network is a torch module.

    Raises:
        CheckpointError: the network does what an ONNX graph cannot; names it and what would work.
        MissingExtraError: onnxscript, which torch's exporter writes graphs with, is not installed, or torch is too old.
    """
    if not hasattr(torch.onnx, "ops"):
        raise MissingExtraError(
            f"tracing a network needs torch 2.8 or later, and this is torch {torch.__version__}; update torch"
        )
    _check_parts(recognizer)
    # A subclass, or a recognizer of another kind, prepares lines by more than a recipe.
    if type(recognizer) is not CtcRecognizer:
        raise CheckpointError(
            f"{recognizer.card.checkpoint or 'the model'} straightens every image by a network (TPS) before it reads it, and "
            f"the file holds recipes only; export a model without a rectification"
        )
    network = _Traceable(recognizer)
    pixels = sample_pixels(recognizer)
    sizes = {0: torch.export.Dim.DYNAMIC}
    if _reads_other_widths(recognizer, pixels.shape[-1]):
        sizes[3] = torch.export.Dim.DYNAMIC
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (pixels,),
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[recognizer.output],
                dynamic_shapes=(sizes,),
            )
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"torch's exporter needs the package {error.name}, which is not installed; run pip install 'gateviz[export]'"
        ) from error
    # The exporter raises errors of many kinds, and what it says of a network's own code is the reason.
    except Exception as error:
        raise CheckpointError(
            f"the network cannot be written as an ONNX graph: {_cause(error)}; convolutions, pooling, norms, linear layers "
            f"and nn.LSTM or nn.GRU, on paths that do not depend on pixels, can"
        ) from error
    assert program is not None
    graph: onnx.ModelProto = program.model_proto
    _check(graph, recognizer, sizes)
    _tidy(graph)
    return graph


def sample_pixels(recognizer: CtcRecognizer) -> Float[torch.Tensor, "B channels height W"]:
    """A batch of two prepared lines, as the recognizer's network is given them.

    Raises:
        CheckpointError: the recipe takes no ordinary line image.
    """
    image = np.full((_TRIAL_ROWS, _TRIAL_COLUMNS), 255, np.uint8)
    # Strokes: recipes look for ink.
    image[12:36, 20:-20:16] = 0
    try:
        prepared = recognizer.prepare(image).pixels
    except ImageError as error:
        raise CheckpointError(f"no line could be prepared to follow the network with: {error}") from error
    return torch.as_tensor(prepared)[None].expand(_TRIAL_BATCH, -1, -1, -1).float().contiguous()


class _Traceable(nn.Module):
    """A copy of a recognizer's network on the CPU with its recurrent layers replaced, whose output is batch first."""

    def __init__(self, recognizer: CtcRecognizer) -> None:
        super().__init__()
        self.network = copy.deepcopy(recognizer.module).cpu().float().eval()
        self._turned = recognizer.layout == "TBC"
        for name, layer in list(self.network.named_modules()):
            if isinstance(layer, nn.LSTM | nn.GRU):
                stand_in = RecurrentStandIn(layer, name, backward=name in recognizer.reversed_modules)
                if not name:
                    self.network = stand_in
                    break
                parent, _, last = name.rpartition(".")
                setattr(self.network.get_submodule(parent), last, stand_in)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """The scores, (B, T, classes)."""
        numbers: torch.Tensor = self.network(pixels)
        return numbers.transpose(0, 1) if self._turned else numbers


def _check_parts(recognizer: Recognizer) -> None:
    """Returns where every recurrent part has a node in ONNX.

    Raises:
        CheckpointError: names the part and what would work.
    """
    source = recognizer.card.checkpoint or "the model"
    if recognizer.card.lineage == "onnx":
        raise CheckpointError(f"{source} is an ONNX graph already; record from it as it is")
    for name, part in recognizer.module.named_modules():
        kind = type(part).__name__
        if isinstance(part, RuledLSTM):
            raise CheckpointError(
                f"the layer {name} of {recognizer.card.lineage}'s network computes its gates by tables and limits of its own, "
                f"which no LSTM of ONNX does; record from {source} itself"
            )
        if isinstance(part, _STEPWISE):
            whole = kind.replace("Instrumented", "").removesuffix("Cell")
            raise CheckpointError(
                f"the network runs {name} ({kind}) step by step, and a graph of as many steps as frames has one width only; "
                f"put the weights into nn.{whole} and export that"
            )
        if isinstance(part, nn.RNN):
            raise CheckpointError(
                f"the layer {name} is an nn.RNN, which has no gates; nn.LSTM and nn.GRU can be exported"
            )


def _reads_other_widths(recognizer: CtcRecognizer, width: int) -> bool:
    """False for a network whose frames are those of one width alone."""
    try:
        recognizer.frame_grid(width + _WIDER)
    except GeometryError:
        return False
    return True


@contextmanager
def _quiet() -> Iterator[None]:
    """torch's exporter warns of packages that are no concern of the network's, and of its own ways."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def _cause(error: BaseException) -> str:
    """The first line of what went wrong at the bottom of a chain of errors."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    if found := _FIXED.search(str(error)):
        return f"its code fixes the {_AXES[int(found[2])]} at {found[1]}, by len() or int() or as a number written down"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[0][:_LONGEST_CAUSE].rstrip(" .;:")


def _check(graph: "onnx.ModelProto", recognizer: CtcRecognizer, sizes: dict[int, object]) -> None:
    """Returns where the graph keeps what was promised.

    Raises:
        CheckpointError: an operator is no standard one, a size became fixed, or a recurrent layer is no node.
    """
    foreign = sorted({f"{node.domain}::{node.op_type}" for node in graph.graph.node if node.domain not in _STANDARD})
    if foreign:
        raise CheckpointError(f"the graph would need {', '.join(foreign)}, which not every ONNX server has")
    dims = graph.graph.input[0].type.tensor_type.shape.dim
    fixed = [f"{_AXES[axis]} {dims[axis].dim_value}" for axis in sizes if not dims[axis].dim_param]
    if fixed:
        raise CheckpointError(
            f"the network's path holds for the {' and the '.join(fixed)} alone; give it code that does not ask for sizes"
        )
    asked = sum(part.num_layers for part in recognizer.module.modules() if isinstance(part, nn.LSTM | nn.GRU))
    found = sum(node.op_type in ("LSTM", "GRU") for node in graph.graph.node)
    if found < asked:
        raise CheckpointError(
            f"{asked} recurrent layers of the network came out as {found} nodes: a layer that does nothing for the scores is "
            f"left out; remove it from the network"
        )


def _tidy(graph: "onnx.ModelProto") -> None:
    """Takes out what the exporter noted of itself (lines of source code, paths), and names the open sizes."""
    graph.ir_version = IR_VERSION
    graph.producer_name, graph.producer_version = "gateviz", ""
    own = graph.graph
    for each in (graph, own, *own.node, *own.initializer, *own.input, *own.output):
        del each.metadata_props[:]
        each.doc_string = ""
    del own.value_info[:]
    for port, names in ((own.input[0], ("batch", "", "", "width")), (own.output[0], ("batch", "frames", ""))):
        for dim, name in zip(port.type.tensor_type.shape.dim, names, strict=True):
            if dim.HasField("dim_param") and name:
                dim.dim_param = name
