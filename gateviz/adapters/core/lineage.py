"""What adapters of state_dicts share: the network is rebuilt from a checkpoint's own sizes and compared key by key.

A lineage says how its network looks (``rebuild``), by what people know it (``evidence``) and how it is
fed and read (``reading``); sniffing and strict loading follow from those three and are the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from gateviz.adapters.core.alphabets import find_alphabet
from gateviz.adapters.core.evidence import Match
from gateviz.adapters.core.files import Checkpoint, ModelFile
from gateviz.adapters.core.options import LoadOptions
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.errors import CheckpointError
from gateviz.geometry.preprocess import Preprocess
from gateviz.geometry.receptive import AxisGeometry
from gateviz.lines.recognizer import RecognizerCard

Shapes = Mapping[str, tuple[int, ...]]
"""Shape of every tensor of a checkpoint, by its bare name."""

Layout = Literal["TBC", "BTC"]
Output = Literal["logits", "log_probs", "probs"]

LARGEST_SIZE = 2**20
"""What a size is taken for at most: an empty tensor can claim any, and no network of such sizes is built."""

GRAY_OR_COLOR = "a line image has 1 (gray) or 3 (color)"

_ONE = 1e-3

# Counters that checkpoints from before torch 0.4.1 lack, and that evaluation never reads.
_COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class Reading:
    """How a rebuilt network is fed and what its numbers mean.

    Attributes:
        preprocess: the recipe the model was trained with.
        geometry: where the frames of a network input look.
        class_count: outputs of the last layer.
        layout: axes of the module's output.
        output: what the module's numbers are.
        blank: the label of the blank.
        alphabet: the symbols of the lineage's own published model, for as many classes.
        details: what else is worth printing, such as the variant.
        traced_modules: as ``CtcRecognizer`` has them.
        reversed_modules: as ``CtcRecognizer`` has them.
        layer_geometries: as ``CtcRecognizer`` has them.
    """

    preprocess: Preprocess
    geometry: AxisGeometry
    class_count: int
    layout: Layout
    output: Output = "logits"
    blank: int = 0
    alphabet: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    traced_modules: tuple[str, ...] | None = None
    reversed_modules: frozenset[str] = frozenset()
    layer_geometries: Mapping[str, AxisGeometry] = field(default_factory=dict)


class LineageAdapter(ABC):
    """An ``Adapter`` of checkpoints that are state_dicts."""

    name: ClassVar[str]

    @abstractmethod
    def rebuild(self, shapes: Shapes) -> nn.Module:
        """The network at the sizes of a checkpoint; where a key is absent or misshapen, at the lineage's usual sizes.

        Called under ``torch.device("meta")`` and for any file whatever, so it must neither fail on
        strange shapes nor build more layers than the lineage has.
        """

    @abstractmethod
    def evidence(self, module: Any) -> tuple[str, ...]:
        """What speaks for the lineage in a checkpoint that fits ``module``, a short phrase each."""

    @abstractmethod
    def reading(self, module: Any, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """How the network is fed and read.

        Raises:
            CheckpointError: there is no such variant, or no way from an image to so many channels.
        """

    def wanted(self, name: str) -> bool:
        """False for a tensor of the checkpoint that evaluation does not need (a loss's, another head's)."""
        return not name.endswith(_COUNTER)

    def sniff(self, file: ModelFile) -> Match:
        """How well the checkpoint's keys and shapes are those of the network rebuilt from its own sizes.

        Raises:
            CheckpointError: the file holds no tensors that may be read.
        """
        found = {name: shape for name, shape in file.checkpoint.shapes.items() if self.wanted(name)}
        module = self._rebuilt(file.checkpoint.shapes)
        asked = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items() if self.wanted(name)}
        absent = [f"{name} {list(shape)}" for name, shape in asked.items() if name not in found]
        misshapen = [
            f"{name} {list(shape)}, which has {list(found[name])}"
            for name, shape in asked.items()
            if name in found and found[name] != shape
        ]
        strange = [f"a network that has {name} {list(found[name])}" for name in found if name not in asked]
        good = len(asked) - len(absent) - len(misshapen)
        evidence = (*self.evidence(module), *file.checkpoint.unwrapping) if good else ()
        return Match(good / max(len(asked) + len(strange), 1), evidence, (*absent, *misshapen, *strange))

    def build(self, file: ModelFile, options: LoadOptions) -> CtcRecognizer:
        """The recognizer in a file that fits.

        Raises:
            CheckpointError: the file does not fit, there is no such variant, or no way from an image to
                the network's channels.
            AlphabetError: the alphabet does not go with the number of classes.
        """
        match = self.sniff(file)
        if not match.ok:
            raise CheckpointError(
                f"{file.path} is no checkpoint of {self.name}: it misses {'; '.join(match.missing[:4])}"
            )
        checkpoint = file.checkpoint
        module = self._rebuilt(checkpoint.shapes)
        reading = self.reading(module, checkpoint, options)
        source = find_alphabet(
            options.alphabet,
            reading.class_count,
            blank=reading.blank,
            checkpoint=file.path,
            default=reading.alphabet,
        )
        self._load(module, checkpoint)
        card = RecognizerCard(
            lineage=self.name,
            evidence=match.evidence,
            checkpoint=checkpoint.name,
            checkpoint_sha256=checkpoint.sha256,
            preprocessing=reading.preprocess.words,
            details={
                **reading.details,
                "alphabet": source.words,
                "classes": str(reading.class_count),
                "frames": f"T = {reading.geometry.frame_rule}",
                "receptive field": f"{reading.geometry.receptive_field:g} columns of the network's input",
            },
        )
        return CtcRecognizer(
            module,
            source.alphabet,
            card,
            preprocess=reading.preprocess,
            geometry=reading.geometry,
            layout=reading.layout,
            output=reading.output,
            traced_modules=reading.traced_modules,
            reversed_modules=reading.reversed_modules,
            layer_geometries=reading.layer_geometries,
        )

    def _rebuilt(self, shapes: Shapes) -> nn.Module:
        with torch.device("meta"):
            return self.rebuild(shapes)

    def _load(self, module: nn.Module, checkpoint: Checkpoint) -> None:
        weights = {name: tensor for name, tensor in checkpoint.floats().items() if self.wanted(name)}
        for name in module.state_dict():
            if not self.wanted(name):
                weights[name] = torch.zeros((), dtype=torch.int64)
        module.load_state_dict(weights, strict=True, assign=True)
        module.requires_grad_(False).eval()


def output_kind(numbers: torch.Tensor) -> Output:
    """What numbers of classes on the last axis are: posteriors sum to 1 at every frame, log posteriors' exponentials too."""
    numbers = numbers.float()
    if float(numbers.min()) >= 0 and float((numbers.sum(-1) - 1).abs().max()) < _ONE:
        return "probs"
    return "log_probs" if float(numbers.logsumexp(-1).abs().max()) < _ONE else "logits"


def check_channels(found: int, taken: tuple[int, ...], why: str) -> None:
    """Returns where a lineage's preprocessing makes images of as many channels as the network takes.

    Raises:
        CheckpointError: it does not; ``why`` says what it makes.
    """
    if found not in taken:
        raise CheckpointError(
            f"the network takes images of {found} channels, and {why}; its author's preprocessing is needed"
        )


def size_of(shapes: Shapes, key: str, axis: int, default: int) -> int:
    """One size of a checkpoint's tensor; the default where the tensor is absent or has no such axis.

    Example:
        >>> size_of({"dense.weight": (37, 512)}, "dense.weight", 0, 11), size_of({}, "dense.weight", 0, 11)
        (37, 11)
    """
    shape = shapes.get(key, ())
    return min(max(shape[axis], 1), LARGEST_SIZE) if len(shape) > axis else default


def chosen_variant(lineage: str, asked: str | None, variants: tuple[str, ...]) -> str:
    """The variant that the user asked for, or the lineage's first.

    Raises:
        CheckpointError: there is no such variant.
    """
    if asked is not None and asked not in variants:
        raise CheckpointError(f"{lineage} has no variant {asked!r}; there are {', '.join(variants)}")
    return variants[0] if asked is None else asked
