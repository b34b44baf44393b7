"""A recognizer whose graph reads for it, and whose torch network is built when somebody needs that."""

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import FrameGrid
from gateviz.geometry.preprocess import Preprocess
from gateviz.graphs.source import RecognizerGraph
from gateviz.lines.recognizer import Geometry, PreparedLine, RecognizerCard, prepared_line

if TYPE_CHECKING:
    import torch

    import gateviz.capture.ctc_recognizer


@runtime_checkable
class TorchBuilder(Protocol):
    """Builds a recognizer's torch side; whatever it holds can be pickled."""

    def recognizer(self) -> "gateviz.capture.ctc_recognizer.CtcRecognizer":
        """The recognizer with its network.

        Raises:
            CheckpointError: it cannot be built.
        """


class TorchSide:
    """The torch side of a recognizer: built once, and the same for all copies of the recognizer.

    Args:
        builder: builds it.
    """

    def __init__(self, builder: TorchBuilder) -> None:
        self._builder = builder
        self._built: gateviz.capture.ctc_recognizer.CtcRecognizer | None = None
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """The network goes along, as it is now, where there is one."""
        return {"_builder": self._builder, "_built": self._built}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As it was, with a lock of its own."""
        self.__dict__.update(state)
        self._lock = threading.Lock()

    @property
    def opened(self) -> bool:
        """Whether it was asked for."""
        return self._built is not None

    def recognizer(self) -> "gateviz.capture.ctc_recognizer.CtcRecognizer":
        """The recognizer with its network.

        Raises:
            CheckpointError: it cannot be built.
        """
        with self._lock:
            if self._built is None:
                self._built = self._builder.recognizer()
            return self._built


@dataclass(frozen=True, eq=False)
class DeferredRecognizer:
    """A ``Recognizer`` that needs no torch until its ``module`` is asked for.

    Attributes:
        alphabet: what the classes stand for.
        card: what is known of the checkpoint.
        preprocess: the recipe the model was trained with.
        geometry: where the frames of the posteriors look.
        graph: what reads where torch is not needed.
        torch_side: what is built where it is.
    """

    alphabet: Alphabet
    card: RecognizerCard
    preprocess: Preprocess
    geometry: Geometry
    graph: RecognizerGraph
    torch_side: TorchSide

    @property
    def torch_opened(self) -> bool:
        """Whether somebody has been given the network, which from then on may be another than the file's."""
        return self.torch_side.opened

    def with_torch(self) -> "gateviz.capture.ctc_recognizer.CtcRecognizer":
        """The same recognizer with its torch network, which is shared.

        Raises:
            CheckpointError: it cannot be built.
        """
        built = self.torch_side.recognizer()
        return replace(
            built, alphabet=self.alphabet, card=self.card, preprocess=self.preprocess, geometry=self.geometry
        )

    @property
    def module(self) -> "torch.nn.Module":
        """The network, in evaluation mode."""
        return self.with_torch().module

    @property
    def traced_modules(self) -> tuple[str, ...] | None:
        """As in ``CtcRecognizer``."""
        return self.with_torch().traced_modules

    @property
    def reversed_modules(self) -> frozenset[str]:
        """As in ``CtcRecognizer``."""
        return self.with_torch().reversed_modules

    def prepare(self, image: UInt8[np.ndarray, "height width *channels"]) -> PreparedLine:
        """The network's input for a line image, by the recipe.

        Raises:
            ImageError: the image cannot be brought to the network's input.
        """
        return prepared_line(self.preprocess, image)

    def log_probs(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Log posteriors of a batch of prepared lines of one size, by torch."""
        return self.with_torch().log_probs(pixels)

    def frame_grid(self, width: int) -> FrameGrid:
        """Where the frames look, in columns of a network input of ``width`` columns.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        return self.geometry.frame_grid(width)

    def layer_grids(self, width: int) -> dict[str, FrameGrid]:
        """Where the frames that each recurrent module is given look, of those that look elsewhere than the posteriors.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        if self.torch_opened:
            # Its modules may have other names than the graph's layers.
            return self.with_torch().layer_grids(width)
        own = {layer.module: layer.geometry for layer in self.graph.layers if layer.geometry is not None}
        return {name: geometry.frame_grid(width) for name, geometry in own.items()}


def with_torch(recognizer: Any) -> Any:
    """A recognizer with its torch network, where that is deferred; any other as it is.

    Raises:
        CheckpointError: the network cannot be built.
    """
    return recognizer.with_torch() if isinstance(recognizer, DeferredRecognizer) else recognizer
