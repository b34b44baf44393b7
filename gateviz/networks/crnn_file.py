"""A ``CRNN`` and everything needed to use it, in one safetensors file."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig, CrnnDocument, CrnnInput
from gateviz.errors import AlphabetError, CheckpointError, OutputError
from gateviz.files.atomic import written_whole
from gateviz.files.crnn_document import DOCUMENT_KEY, FORMAT_VERSION, read_document
from gateviz.files.inputs import read_with_digest
from gateviz.files.json_text import json_text
from gateviz.networks.crnn import CRNN
from gateviz.networks.tensor_bytes import tensors_in

_LISTED = 4


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
