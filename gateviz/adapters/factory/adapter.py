"""A network that no lineage knows, built by the user's own code: ``--factory package.module:build``.

The code runs because the user named it, and for no other reason. It returns a torch module; what
gateviz needs besides is found by running that module, or said by the user (``core.options``).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from gateviz.adapters.core.alphabets import AlphabetSource, find_alphabet
from gateviz.adapters.core.files import Checkpoint, ModelFile
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.factory.code import built_module, one_line
from gateviz.adapters.factory.column_probe import Subject
from gateviz.adapters.factory.geometry import FoundGeometry, find_geometry
from gateviz.adapters.factory.trial import Conventions, Trial
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, CheckpointError, GeometryError
from gateviz.geometry.canvas import Normalize, Step
from gateviz.geometry.preprocess import Color, Gray, Preprocess, ResizeToHeight, Stretch
from gateviz.lines.recognizer import RecognizerCard

NAME = "factory"
_LISTED = 4
_COUNTER = "num_batches_tracked"


def load_from_factory(file: ModelFile | None, options: LoadOptions) -> CtcRecognizer:
    """The recognizer whose network the user's code builds.

    Args:
        file: the weights; None where the code loads them itself.
        options: names the code and says what cannot be found out.

    Raises:
        CheckpointError: the code fails, its module is no CTC recognizer with recurrent layers, the
            weights do not fit it, or the options do not say enough.
        AlphabetError: the alphabet or the blank is missing, or does not go with the classes.
    """
    if options.variant is not None:
        raise CheckpointError(f"a factory's network has no variant {options.variant!r}; leave the variant out")
    module, words = built_module(options.factory)
    checkpoint = None if file is None else file.checkpoint
    evidence = [f"built by {words}"]
    if checkpoint is not None:
        _load_strictly(module, checkpoint, words)
        evidence += [f"{len(checkpoint.tensors)} tensors loaded, each where it belongs", *checkpoint.unwrapping]
    module.requires_grad_(False).eval()
    height, channels = _input_size(module, options, words)
    recipe = _recipe(options, channels, height)
    trial = Trial(module, channels, height, options.width, words)
    conventions = trial.conventions()
    source = _alphabet(options, conventions.class_count, file, words)
    try:
        found = find_geometry(
            Subject(module, channels, height, conventions.layout, conventions.recurrent), options.width
        )
    except GeometryError as error:
        raise CheckpointError(f"where the frames of {words} look cannot be found out: {error}") from error
    card = RecognizerCard(
        lineage=NAME,
        evidence=tuple(evidence),
        checkpoint="" if checkpoint is None else checkpoint.name,
        checkpoint_sha256=_digest(module) if checkpoint is None else checkpoint.sha256,
        preprocessing=recipe.words,
        details=_details(words, conventions, found, source, options),
    )
    return CtcRecognizer(
        module,
        source.alphabet,
        card,
        preprocess=recipe,
        geometry=found.geometry,
        layout=conventions.layout,
        output=conventions.output,
        traced_modules=None if conventions.all_along_line else conventions.recurrent,
        reversed_modules=found.backward,
        layer_geometries=found.layers,
    )


def _load_strictly(module: nn.Module, checkpoint: Checkpoint, words: str) -> None:
    """Puts the weights of the file into the module, each where it belongs.

    Raises:
        CheckpointError: names what is missing, misshapen or too many.
    """
    asked = module.state_dict()
    floats = checkpoint.floats()
    # A prefix that was taken off may have been the module's own.
    prefixes = [checkpoint.prefix[cut:] for cut in range(len(checkpoint.prefix) + 1)]
    prefix = max(prefixes, key=lambda prefix: (sum(prefix + name in asked for name in floats), -len(prefix)))
    found = {prefix + name: tensor for name, tensor in floats.items()}
    wrong = [f"it misses {n} {list(t.shape)}" for n, t in asked.items() if n not in found and not n.endswith(_COUNTER)]
    wrong += [
        f"it has {name} {list(found[name].shape)} for {list(tensor.shape)}"
        for name, tensor in asked.items()
        if name in found and found[name].shape != tensor.shape
    ]
    wrong += [f"it has {name} {list(tensor.shape)} too many" for name, tensor in found.items() if name not in asked]
    if wrong:
        more = f"; and {len(wrong) - _LISTED} more" if len(wrong) > _LISTED else ""
        raise CheckpointError(
            f"{checkpoint.name} does not fit the network of {words}: {'; '.join(wrong[:_LISTED])}{more}"
        )
    try:
        module.load_state_dict({**{n: t for n, t in asked.items() if n.endswith(_COUNTER)}, **found}, strict=True)
    except RuntimeError as error:
        raise CheckpointError(f"{checkpoint.name} cannot be loaded into {words}: {one_line(error)}") from error


def _input_size(module: nn.Module, options: LoadOptions, words: str) -> tuple[int, int]:
    """Rows and channels of the network's input.

    Raises:
        CheckpointError: they are neither declared nor found.
    """
    if options.height is None:
        raise CheckpointError(f"say how many rows the input of {words} has: --height 32, for instance")
    first = next((layer for layer in module.modules() if isinstance(layer, nn.Conv2d)), None)
    channels = options.channels or (None if first is None else first.in_channels)
    if channels not in (1, 3):
        found = "no 2-d convolution that would tell" if first is None else f"a first convolution of {channels} channels"
        raise CheckpointError(f"{words} has {found}; say --channels 1 (gray) or 3 (RGB)")
    return options.height, channels


def _alphabet(options: LoadOptions, class_count: int, file: ModelFile | None, words: str) -> AlphabetSource:
    """The alphabet, with the blank where the user says.

    Raises:
        AlphabetError: either is missing, or they do not go with the classes.
    """
    blank = options.blank
    if isinstance(options.alphabet, Alphabet):
        if blank is not None and blank % class_count != options.alphabet.blank:
            raise AlphabetError(f"the blank {blank} was declared, and the alphabet given has {options.alphabet.blank}")
        blank = options.alphabet.blank
    if blank is None:
        raise AlphabetError(
            f"say which of the {class_count} classes of {words} is the blank: --blank 0 for the first, --blank -1 for the last"
        )
    if not -class_count <= blank < class_count:
        raise AlphabetError(
            f"{words} has {class_count} classes, and none is the blank {blank}; give 0 to {class_count - 1} or -1"
        )
    if file is None and options.alphabet is None:
        raise AlphabetError(
            f"{words} has {class_count} classes; say which {class_count - 1} symbols they are by --alphabet"
        )
    place = Path(words) if file is None else file.path
    return find_alphabet(options.alphabet, class_count, blank=blank % class_count, checkpoint=place)


def _recipe(options: LoadOptions, channels: int, height: int) -> Preprocess:
    """How its lines are prepared.

    Raises:
        CheckpointError: as many numbers were declared as another input has channels.
    """
    paint: Step = Gray("pillow") if channels == 1 else Color("rgb")
    resize: Step = ResizeToHeight(height, "pillow bilinear", rounding="nearest", at_least=1)
    if options.width is not None:
        resize = Stretch(height, options.width, "pillow bilinear")
    return Preprocess((paint, resize, Normalize(*options.levels(channels))))


def _details(
    words: str, conventions: Conventions, found: FoundGeometry, source: AlphabetSource, options: LoadOptions
) -> Mapping[str, str]:
    assumed = [name for name in ("mean", "std") if getattr(options, name) is None]
    details = {
        "factory": words,
        "output": f"{conventions.output}, {conventions.layout}",
        "alphabet": source.words,
        "classes": str(conventions.class_count),
        "frames": f"T = {found.geometry.frame_rule}",
        "receptive field": f"{found.geometry.receptive_field:g} columns of the network's input",
        "columns": found.words,
        "recurrent layers": ", ".join(conventions.recurrent),
    }
    if assumed:
        details["assumed"] = f"{' and '.join(assumed)} 0.5, which nobody declared"
    if not conventions.all_along_line:
        details["not shown"] = "recurrent layers without a step for every frame of the output"
    return details


def _digest(module: nn.Module) -> str:
    """The sha256 of the weights, where they lie in no file that gateviz read."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
