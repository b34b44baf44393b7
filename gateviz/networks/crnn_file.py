"""A ``CRNN`` and everything needed to use it, in one safetensors file."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, CheckpointError, GatevizError, OutputError, ShapeError
from gateviz.files.atomic import written_whole
from gateviz.files.inputs import read_with_digest
from gateviz.files.json_text import json_text
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.tensor_bytes import tensors_in

DOCUMENT_KEY = "gateviz_crnn"
FORMAT_VERSION = 1
_LISTED = 4
WIDEST_PADDING = 65_536
"""Columns of the widest line that is read."""


@dataclass(frozen=True)
class CrnnInput:
    """How a line image becomes the network's input: gray or color, to the config's height, then numbers.

    Attributes:
        interpolation: of the resize, by ``geometry.preprocess``'s names.
        mean: taken from pixels between 0 and 1.
        std: what they are then divided by.
        pad_left: columns of paper in front of the line, after the resize.
        pad_right: columns of paper behind it.
        paper: gray level of those columns, 0 to 255.
        at_least: columns that a narrower line is padded to with paper.
        widen: times the width that keeps the aspect: more frames for narrow letters.
        crop: loosely cropped lines are cut to their ink first (``geometry.crop_to_ink``).
    """

    interpolation: str = "pillow bilinear"
    mean: float = 0.5
    std: float = 0.5
    pad_left: int = 0
    pad_right: int = 0
    paper: int = 255
    at_least: int = 32
    widen: float = 1.0
    crop: bool = False

    def __post_init__(self) -> None:
        columns = (self.pad_left, self.pad_right, self.at_least)
        if not all(0 <= count <= WIDEST_PADDING for count in columns) or not 0 <= self.paper <= 255:
            raise ShapeError(
                f"lines padded by {self.pad_left} and {self.pad_right} columns to at least {self.at_least}, with paper of "
                f"{self.paper}, were asked for; give 0 to {WIDEST_PADDING:,} columns and a gray level of 0 to 255"
            )
        if not (math.isfinite(self.mean) and math.isfinite(self.std) and self.std):
            raise ShapeError(
                f"pixels less {self.mean} and over {self.std} were asked for; give finite numbers, and no std of 0"
            )


@dataclass(frozen=True)
class CrnnDocument:
    """What stands beside the weights of a saved ``CRNN``.

    Attributes:
        config: how the network is put together.
        alphabet: what its classes stand for.
        preprocessing: how line images were prepared.
        notes: anything worth keeping, such as what it was trained on.
    """

    config: CrnnConfig
    alphabet: Alphabet
    preprocessing: CrnnInput
    notes: Mapping[str, str]


def save_crnn(
    path: str | Path,
    model: CRNN,
    alphabet: Alphabet,
    *,
    preprocessing: CrnnInput | None = None,
    notes: Mapping[str, str] | None = None,
    half: bool = False,
) -> None:
    """Write a model with its alphabet to one file, whole or not at all.

    Args:
        path: the file, usually ``.safetensors``.
        model: the network.
        alphabet: what its classes stand for.
        preprocessing: how line images were prepared for it.
        notes: anything worth keeping, such as what it was trained on.
        half: write the weights as float16; they are float32 again when loaded.

    Raises:
        AlphabetError: the alphabet has another number of classes than the network.
        OutputError: the file cannot be written.
    """
    if alphabet.class_count != model.config.class_count:
        raise AlphabetError(
            f"a network of {model.config.class_count} classes cannot be saved with an alphabet of "
            f"{alphabet.class_count} ({len(alphabet.symbols)} symbols and the blank); give the alphabet it was trained with"
        )
    document = {
        "format_version": FORMAT_VERSION,
        "config": asdict(model.config),
        "alphabet": {"symbols": alphabet.symbols, "codes": alphabet.codes, "blank": alphabet.blank},
        "preprocessing": asdict(preprocessing or CrnnInput()),
        "notes": dict(notes or {}),
    }
    tensors = {
        name: (tensor.half() if half and tensor.is_floating_point() else tensor).detach().cpu().contiguous()
        for name, tensor in model.state_dict().items()
    }
    text = json_text(document)
    with written_whole(path) as temporary:
        try:
            save_file(tensors, str(temporary), metadata={DOCUMENT_KEY: text})
        except SafetensorError as error:
            raise OutputError(f"{path} could not be written: {error}; nothing was left half-written") from error


def load_crnn(path: str | Path) -> tuple[CRNN, CrnnDocument]:
    """The model in a file of ``save_crnn``, in evaluation mode and float32, and what stands beside its weights.

    Raises:
        CheckpointError: the file is missing, damaged, or was not written by ``save_crnn``.
    """
    try:
        tensors, metadata = tensors_in(read_with_digest(path)[0])
    except (CheckpointError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read as a safetensors file: {error}; check the path") from error
    text = metadata.get(DOCUMENT_KEY)
    if text is None:
        raise CheckpointError(
            f"{path} is a safetensors file without a {DOCUMENT_KEY!r} document; it is no gateviz model"
        )
    document = read_document(text)
    return build_crnn(document.config, tensors), document


def build_crnn(config: CrnnConfig, tensors: Mapping[str, torch.Tensor]) -> CRNN:
    """The network of a config with the given weights, in evaluation mode and float32.

    Raises:
        CheckpointError: the weights are not those of such a network.
    """
    with torch.device("meta"):
        model = CRNN(config)
    floats = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    asked = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: list(tensor.shape) for name, tensor in floats.items()}
    wrong = [f"it misses {name} {shape}" for name, shape in asked.items() if name not in found]
    wrong += [
        f"it needs {name} {shape}, which has {found[name]}"
        for name, shape in asked.items()
        if found.get(name, shape) != shape
    ]
    wrong += [f"it has no {name} {shape}" for name, shape in found.items() if name not in asked]
    if wrong:
        raise CheckpointError(
            f"the weights do not fit the model's own description: {'; '.join(wrong[:_LISTED])}; save it again"
        )
    model.load_state_dict(floats, strict=True, assign=True)
    return model.requires_grad_(False).eval()


def read_document(text: str) -> CrnnDocument:
    """What a file's JSON document says.

    Raises:
        CheckpointError: it is no such document, or of a newer version.
    """
    try:
        document = json.loads(text)
        version = document["format_version"]
        if version != FORMAT_VERSION:
            raise CheckpointError(
                f"the model was written in format {version}, and this gateviz reads format {FORMAT_VERSION}; update gateviz"
            )
        config = CrnnConfig(**_known(document["config"], CrnnConfig))
        spelled = document["alphabet"]
        codes = tuple(tuple(int(label) for label in code) for code in spelled["codes"])
        alphabet = Alphabet(tuple(spelled["symbols"]), codes, int(spelled["blank"]), config.class_count)
        prepared = CrnnInput(**_known(document["preprocessing"], CrnnInput))
        return CrnnDocument(config, alphabet, prepared, dict(document["notes"]))
    except CheckpointError:
        raise
    except (GatevizError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"the model's document cannot be understood ({type(error).__name__}: {error}); save the model again"
        ) from error


def _known(values: Mapping[str, Any], kind: type[CrnnConfig] | type[CrnnInput]) -> dict[str, Any]:
    """The values, each of the type its field has.

    Raises:
        CheckpointError: a value that the field cannot hold, or a field that is not known.
    """
    defaults = {field.name: field.default for field in fields(kind)}
    for name, value in values.items():
        default = defaults.get(name)
        wanted = (int, float) if isinstance(default, float) else (type(default),) if name != "class_count" else (int,)
        if name not in defaults or not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise CheckpointError(
                f"the model's document has {name} = {value!r}, which this gateviz does not know; update it"
            )
    return dict(values)
