"""The two files that kraken writes, seen alike: its weights by kraken's names and what it says of them.

Both carry a JSON document ``kraken_meta``. In a safetensors file it has one entry a model, whose
name is the prefix of its weights' keys; several models (a segmentation, a reading order, a
recognizer) may share a file. Older Core ML files hold one model, and the oldest have no document,
only the texts ``vgsl`` and ``codec``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import torch

from gateviz.adapters.core.files import Checkpoint, Container, ModelFile
from gateviz.adapters.kraken.mlmodel import read_mlmodel
from gateviz.adapters.kraken.vgsl import dotted_names, parse
from gateviz.errors import CheckpointError
from gateviz.files import budget

DOCUMENT_KEY = "kraken_meta"

_RECOGNITION, _NETWORK = "recognition", "TorchVGSLModel"


@dataclass(frozen=True)
class KrakenDocument:
    """What a file says of its recognizer.

    Attributes:
        vgsl: its network.
        codec: the labels that spell each grapheme; None where the file does not say.
        line_type: ``bbox`` for lines cut out as boxes, ``baselines`` for those along a baseline; empty if not said.
        binary: True if it was trained on black and white images.
    """

    vgsl: str
    codec: Mapping[str, tuple[int, ...]] | None = None
    line_type: str = ""
    binary: bool = False


@dataclass(frozen=True)
class KrakenFile(ModelFile):
    """A file of kraken's with the weights of its recognizer alone.

    Attributes:
        document: what it says of them.
        weights: the recognizer's, by kraken's names.
    """

    document: KrakenDocument = field(default_factory=lambda: KrakenDocument(""))
    weights: Checkpoint | None = None

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The recognizer's weights by kraken's names, such as ``nn.C_0.co.weight``."""
        assert self.weights is not None
        return self.weights


def is_kraken(file: ModelFile) -> bool:
    """True where a file is one of kraken's, whatever it holds.

    Raises:
        CheckpointError: the file is damaged, or its weights are no finite numbers.
    """
    return file.container is Container.CORE_ML or DOCUMENT_KEY in file.checkpoint.metadata


def open_kraken(file: ModelFile) -> KrakenFile:
    """The recognizer in a file of kraken's.

    Raises:
        CheckpointError: it is damaged, or holds no recognizer, or more than one.
    """
    own = {each.name: getattr(file, each.name) for each in fields(ModelFile)}
    document, weights = _of_core_ml(file) if file.container is Container.CORE_ML else _of_safetensors(file)
    return KrakenFile(**own, document=document, weights=weights)


def _of_safetensors(file: ModelFile) -> tuple[KrakenDocument, Checkpoint]:
    checkpoint = file.checkpoint
    models = _object(checkpoint.metadata[DOCUMENT_KEY], f"document {DOCUMENT_KEY!r}")
    tasks = {name: _tasks(_object(entry, f"model {name!r}")) for name, entry in models.items()}
    readers = [name for name in models if _RECOGNITION in tasks[name]]
    if len(readers) != 1:
        kinds = ", ".join(sorted({task for given in tasks.values() for task in given})) or "nothing"
        found = f"{len(readers)} recognizers" if readers else f"no recognizer ({kinds})"
        raise CheckpointError(f"it holds {found}; load a file of kraken's with one model for recognition")
    prefix = f"{readers[0]}."
    entry = models[readers[0]]
    if (network := str(entry.get("_model", _NETWORK))) != _NETWORK:
        raise CheckpointError(
            f"its model is a {network[:40]}, and of kraken's networks gateviz shows those written in VGSL ({_NETWORK})"
        )
    own = {name.removeprefix(prefix): tensor for name, tensor in checkpoint.tensors.items() if name.startswith(prefix)}
    # A key without a model's prefix belongs nowhere and is reported with the rest.
    known = tuple(f"{name}." for name in models)
    own |= {name: tensor for name, tensor in checkpoint.tensors.items() if not name.startswith(known)}
    return _document(entry, entry.get("vgsl"), entry.get("codec")), replace(checkpoint, tensors=own)


def _of_core_ml(file: ModelFile) -> tuple[KrakenDocument, Checkpoint]:
    budget.MODEL_BYTES.check(file.size, "it")
    data, digest = file.read()
    model = read_mlmodel(bytes(data))
    entry = _object(model.metadata.get(DOCUMENT_KEY, "{}"), f"document {DOCUMENT_KEY!r}")
    # The first files are from before there were models for anything else.
    tasks = _tasks(entry) or (_RECOGNITION,)
    if _RECOGNITION not in tasks:
        raise CheckpointError(
            f"it holds no recognizer ({', '.join(tasks)}); load a file of kraken's with a model for recognition"
        )
    vgsl = model.metadata.get("vgsl") or entry.get("vgsl")
    codec = model.metadata.get("codec") or entry.get("codec")
    for name, tensor in model.weights.items():
        if not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"it has numbers in {name} that are NaN or infinite; take an earlier model")
    document = _document(entry, vgsl, codec)
    # Core ML calls a layer by its own name, wherever it stands.
    dotted = dotted_names(parse(document.vgsl).blocks)
    tensors: dict[str, torch.Tensor] = {}
    for name, tensor in model.weights.items():
        layer, _, part = name.partition(".")
        tensors[f"{dotted.get(layer, f'nn.{layer}')}.{part}"] = tensor
    return document, Checkpoint(file.path.name, digest, tensors, model.metadata)


def _document(entry: Mapping[str, Any], vgsl: Any, codec: Any) -> KrakenDocument:
    if not isinstance(vgsl, str) or not vgsl:
        raise CheckpointError("it has no VGSL specification of its network; save it again with kraken")
    line_type = entry.get("seg_type")
    return KrakenDocument(
        vgsl,
        None if codec in (None, "", "null") else _codec(codec),
        line_type if isinstance(line_type, str) else "",
        entry.get("one_channel_mode") == "1",
    )


def _tasks(entry: Mapping[str, Any]) -> tuple[str, ...]:
    given = entry.get("_tasks") or entry.get("model_type") or ()
    return (given,) if isinstance(given, str) else tuple(map(str, given)) if isinstance(given, list) else ()


def _codec(given: Any) -> dict[str, tuple[int, ...]]:
    """The labels by grapheme; the document has them as an object, or as a text of one."""
    codec: dict[str, tuple[int, ...]] = {}
    for grapheme, labels in _object(given, "codec").items():
        whole = (
            isinstance(labels, list)
            and labels
            and all(type(label) is int and 0 < label <= budget.SYMBOLS.most for label in labels)
        )
        if not whole or not grapheme:
            raise CheckpointError(
                f"its codec spells {grapheme[:40]!r} with {_shown(labels)}, and labels are numbers from 1 to {budget.SYMBOLS.most:,}"
            )
        codec[grapheme] = tuple(labels)
    return codec


def _shown(labels: Any) -> str:
    """What stands in the place of labels; a number may have more digits than Python writes."""
    whole = labels if isinstance(labels, list) else [labels]
    return ", ".join(
        str(each)[:40]
        if not isinstance(each, int)
        else f"{each:.6g}"
        if abs(each) < 1e18
        else "a number of more than 18 digits"
        for each in whole[:4]
    )


def _object(given: Any, what: str) -> dict[str, Any]:
    """A JSON object, itself or as text."""
    if isinstance(given, str):
        budget.DOCUMENT_BYTES.check(len(given), f"its {what}")
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"its {what} is no JSON ({str(error)[:80]})") from error
    if not isinstance(given, dict):
        raise CheckpointError(f"its {what} is a {type(given).__name__} and should be an object")
    return given
