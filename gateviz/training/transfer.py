"""Going on from a trained recognizer, onto its own alphabet or another one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from gateviz.adapters.core.alphabets import ALPHABET_SUFFIX
from gateviz.adapters.core.deferred import with_torch
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.recognizer import Recognizer
from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnInput
from gateviz.errors import OutputError, TrainingError
from gateviz.files.atomic import write_whole, written_whole
from gateviz.networks.crnn import CRNN
from gateviz.networks.crnn_file import load_crnn
from gateviz.training.pupil import Pupil, crnn_pupil


@dataclass(frozen=True)
class StateDictWriter:
    """Writes another lineage's checkpoint as that lineage has it: a state dict, its alphabet in a file beside it.

    Attributes:
        alphabet: what the classes stand for.
    """

    alphabet: Alphabet
    suffix: str = ".pth"

    def __call__(self, path: Path, module: nn.Module, notes: Mapping[str, str]) -> None:
        """Write both files, each whole or not at all; the alphabet first, without which the weights cannot be read.

        Raises:
            OutputError: one of them cannot be written.
        """
        write_whole(path.with_suffix(ALPHABET_SUFFIX), ("\n".join(self.alphabet.symbols) + "\n").encode())
        with written_whole(path) as temporary:
            try:
                torch.save({name: tensor.cpu() for name, tensor in module.state_dict().items()}, temporary)
            except RuntimeError as error:
                raise OutputError(f"{path} could not be written: {error}; nothing was left half-written") from error


@dataclass(frozen=True)
class Onward:
    """What changes where training goes on from a trained recognizer.

    Attributes:
        symbols: the alphabet to train on; None keeps the recognizer's own.
        widen: times the width of a line that keeps its aspect, of gateviz's own models; None keeps theirs.
        crop: whether their lines are cut to their ink; None keeps what they do.
        shrink: times their recurrent weights. Gates and cells that stand at their ends pass no gradient, and
            smaller weights bring them back (the first half of shrink and perturb: Ash and Adams, arXiv 1910.08475).
        half: write gateviz's own models as float16.
    """

    symbols: tuple[str, ...] | None = None
    widen: float | None = None
    crop: bool | None = None
    shrink: float = 1.0
    half: bool = False

    def of_own_models(self) -> dict[str, float | bool]:
        """What is asked for that only gateviz's own models can do, by the options' names."""
        asked = {"widen": self.widen, "crop": self.crop, "shrink": None if self.shrink == 1 else self.shrink}
        return {name: value for name, value in asked.items() if value is not None}

    def input_of(self, own: CrnnInput) -> CrnnInput:
        """How lines are prepared from now on."""
        widen = own.widen if self.widen is None else self.widen
        return replace(own, widen=widen, crop=own.crop if self.crop is None else self.crop)


def pupil_from(recognizer: Recognizer, checkpoint: Path, onward: Onward) -> Pupil:
    """A trained recognizer as something to train onward.

    With another alphabet the classes become its own: symbols the recognizer knew keep their weights, the blank
    keeps its own, and new ones start at random.

    Args:
        recognizer: of any adapter whose last layer is a linear one over the classes.
        checkpoint: where it came from, for its description of the input and for messages.
        onward: what changes.

    Raises:
        TrainingError: the recognizer has no such last layer, or is to change in a way that only gateviz's own can.
        AlphabetError: a symbol stands twice.
    """
    recognizer = with_torch(recognizer)
    if not isinstance(recognizer, CtcRecognizer):
        raise TrainingError(
            f"{checkpoint} is of the lineage {recognizer.card.lineage}, which gateviz reads but cannot train; "
            f"start from a checkpoint of a torch network"
        )
    module = recognizer.module
    if not isinstance(module, CRNN) and onward.of_own_models():
        raise TrainingError(
            f"{checkpoint} is of the lineage {recognizer.card.lineage}, whose lines and weights are taken as they are; "
            f"leave {', '.join(f'--{name}' for name in onward.of_own_models())} out"
        )
    alphabet = recognizer.alphabet
    name, head = _head(recognizer, checkpoint)
    if onward.symbols is not None and onward.symbols != alphabet.symbols:
        blank = 0 if alphabet.blank == 0 else len(onward.symbols)
        alphabet = Alphabet.from_symbols(onward.symbols, blank=blank)
        _put(module, name, _moved_head(head, recognizer.alphabet, alphabet))
    if not isinstance(module, CRNN):
        return Pupil(replace(recognizer, alphabet=alphabet), StateDictWriter(alphabet), trained=True)
    module.config = replace(module.config, class_count=alphabet.class_count)
    if module.recurrent is not None:
        for weights in module.recurrent.parameters():
            weights.data.mul_(onward.shrink)
    own = load_crnn(checkpoint)[1].preprocessing
    return replace(crnn_pupil(module, alphabet, onward.input_of(own), half=onward.half), trained=True)


def take_backbone(module: CRNN, checkpoint: Path) -> None:
    """Let a network begin with the convolutions of another one: what letters look like need not be learned again.

    Args:
        module: whose backbone is overwritten.
        checkpoint: a model of gateviz's own.

    Raises:
        CheckpointError: the file is no such model.
        TrainingError: its backbone is another one.
    """
    other = load_crnn(checkpoint)[0]
    try:
        module.backbone.load_state_dict(other.backbone.state_dict())
    except RuntimeError as error:
        had, wanted = (f"{net.config.backbone} x {net.config.backbone_scale:g}" for net in (other, module))
        raise TrainingError(
            f"the backbone of {checkpoint} is {had}, and one of {wanted} was asked for; give --backbone and --scale alike"
        ) from error


def _head(recognizer: CtcRecognizer, checkpoint: Path) -> tuple[str, nn.Linear]:
    """The last linear layer over the classes, with its name."""
    found = [
        (name, layer)
        for name, layer in recognizer.module.named_modules()
        if isinstance(layer, nn.Linear) and layer.out_features == recognizer.alphabet.class_count
    ]
    if not found:
        raise TrainingError(
            f"{checkpoint} has no linear layer over its {recognizer.alphabet.class_count} classes, so its alphabet "
            f"cannot be changed; start from another checkpoint"
        )
    return found[-1]


def _moved_head(old: nn.Linear, before: Alphabet, after: Alphabet) -> nn.Linear:
    """A layer over the classes of another alphabet, with the weights of the symbols that both have."""
    new = nn.Linear(old.in_features, after.class_count, bias=old.bias is not None)
    known = dict(zip(before.symbols, before.codes, strict=True))
    pairs = [(before.blank, after.blank)]
    for symbol, (label,) in zip(after.symbols, after.codes, strict=True):
        if len(known.get(symbol, ())) == 1:
            pairs.append((known[symbol][0], label))
    rows_before, rows_after = (torch.tensor(side) for side in zip(*pairs, strict=True))
    with torch.no_grad():
        new.weight[rows_after] = old.weight[rows_before]
        if old.bias is not None:
            new.bias[rows_after] = old.bias[rows_before]
    return new


def _put(module: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, attribute = name.rpartition(".")
    setattr(module.get_submodule(parent), attribute, layer)
