"""gateviz's own models without torch: read by numpy, run as a graph, and built by torch where that is needed."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from gateviz.adapters.core.alphabets import find_alphabet
from gateviz.adapters.core.deferred import DeferredRecognizer, TorchSide
from gateviz.adapters.core.files import Container, ModelFile
from gateviz.adapters.core.options import LoadOptions
from gateviz.data.crnn import CrnnConfig, CrnnDocument, CrnnInput
from gateviz.errors import CheckpointError, RecordingFileError
from gateviz.files import budget
from gateviz.files.crnn_document import DOCUMENT_KEY, read_document
from gateviz.files.inputs import opened_input
from gateviz.files.tensor_header import read_header
from gateviz.files.weights import float32_weights
from gateviz.geometry.canvas import Normalize, Pad, PadToWidth, Step
from gateviz.geometry.crop_to_ink import CropToInk
from gateviz.geometry.preprocess import Color, Gray, Interpolation, Preprocess, ResizeToHeight
from gateviz.geometry.receptive import AxisGeometry
from gateviz.graphs.crnn_shape import crnn_geometry, crnn_layers, has_graph, weight_shapes
from gateviz.graphs.source import RecognizerGraph
from gateviz.lines.recognizer import RecognizerCard

if TYPE_CHECKING:
    import onnx

    import gateviz.capture.ctc_recognizer

LINEAGE = "gateviz"
EVIDENCE = f"a safetensors file with a {DOCUMENT_KEY!r} document"


def deferred_crnn(file: ModelFile, options: LoadOptions) -> DeferredRecognizer | None:
    """The recognizer in a file of gateviz's own that is whole and has a graph; None for any other.

    What is wrong with a file, and what an option cannot mean, is said where torch reads it.

    Raises:
        CheckpointError: the file was changed while it was read.
        AlphabetError: an alphabet was given that has another number of classes.
    """
    if options.variant is not None or options.only_for(LINEAGE) or not _is_own(file):
        return None
    content, digest = file.read()
    try:
        header = read_header(io.BytesIO(content))
        document = read_document(header.metadata[DOCUMENT_KEY])
        recipe = preprocess_of(document.preprocessing, document.config)
    except (CheckpointError, RecordingFileError):
        return None
    config = document.config
    if not has_graph(config) or {name: place.shape for name, place in header.places.items()} != weight_shapes(config):
        return None
    weights = float32_weights(content, header)
    if weights is None or not all(np.isfinite(array).all() for array in weights.values()):
        return None
    source = find_alphabet(
        options.alphabet or document.alphabet, config.class_count, blank=document.alphabet.blank, checkpoint=file.path
    )
    words = "in the file" if options.alphabet is None else source.words
    geometry = crnn_geometry(config)
    card = card_of(
        document,
        geometry,
        recipe,
        named=(file.path.name, digest),
        alphabet=f"{words}, {len(source.alphabet.symbols)} symbols",
    )
    crnn = _Crnn(document, weights)
    graph = RecognizerGraph(
        crnn, crnn_layers(config), layout="BTC", output="logits", words="made from the weights of the file"
    )
    return DeferredRecognizer(source.alphabet, card, recipe, geometry, graph=graph, torch_side=TorchSide(crnn))


def _is_own(file: ModelFile) -> bool:
    """Whether a file's header has gateviz's document; what is damaged has none."""
    if file.container is not Container.SAFETENSORS or budget.MODEL_BYTES.passed_by(file.size):
        return False
    try:
        with opened_input(file.path) as handle:
            return DOCUMENT_KEY in read_header(handle).metadata
    except (RecordingFileError, OSError):
        return False


@dataclass(frozen=True, eq=False)
class _Crnn:
    """Everything in a file of gateviz's own, of which a graph and a torch network are made."""

    document: CrnnDocument
    weights: Mapping[str, np.ndarray]

    def model(self) -> "onnx.ModelProto":
        from gateviz.graphs.crnn import crnn_graph

        return crnn_graph(self.document.config, self.weights)

    def recognizer(self) -> "gateviz.capture.ctc_recognizer.CtcRecognizer":
        # torch takes more than a second to import.
        from gateviz.adapters.gateviz_crnn import built_crnn

        return built_crnn(self.document, self.weights)


def card_of(
    document: CrnnDocument, geometry: AxisGeometry, recipe: Preprocess, *, named: tuple[str, str], alphabet: str
) -> RecognizerCard:
    """What is known of a model of gateviz's own.

    Args:
        document: what its file says.
        geometry: where its frames look.
        recipe: how its lines are prepared.
        named: the file's name and digest.
        alphabet: where the alphabet comes from, and its size.
    """
    sees = "and the whole line through squeeze and excitation" if geometry.whole_line else ""
    return RecognizerCard(
        lineage=LINEAGE,
        evidence=(EVIDENCE,),
        checkpoint=named[0],
        checkpoint_sha256=named[1],
        preprocessing=recipe.words,
        details={
            "network": f"{document.config.backbone} + {document.config.recurrent}",
            "alphabet": alphabet,
            "frames": f"T = {geometry.frame_rule}",
            "receptive field": f"{geometry.receptive_field:g} columns of the network's input {sees}".rstrip(),
            **document.notes,
        },
    )


def preprocess_of(given: CrnnInput, config: CrnnConfig) -> Preprocess:
    """The recipe that a saved model's description of its input stands for.

    Raises:
        CheckpointError: an interpolation that gateviz does not have, or neither one nor three channels.
    """
    known = get_args(Interpolation)
    if given.interpolation not in known:
        raise CheckpointError(
            f"the model's lines were resized by {given.interpolation!r}, and there are {', '.join(known)}; update gateviz"
        )
    if config.channels not in (1, 3):
        raise CheckpointError(f"the model takes {config.channels} channels, and a line image has 1 (gray) or 3 (color)")
    if not 0 < given.widen < math.inf:
        raise CheckpointError(f"the model's lines were widened {given.widen:g} times, which cannot be; save it again")
    resize = ResizeToHeight(
        config.height,
        given.interpolation,  # type: ignore[arg-type]
        rounding="nearest",
        at_least=1,
        widen=given.widen,
    )
    steps: list[Step] = [CropToInk()] if given.crop else []
    steps += [Gray("pillow") if config.channels == 1 else Color("rgb"), resize]
    if given.pad_left or given.pad_right:
        steps.append(Pad(given.pad_left, given.pad_right, fill=float(given.paper)))
    if given.at_least > 1:
        steps.append(PadToWidth(given.at_least, fill=float(given.paper)))
    return Preprocess((*steps, Normalize((given.mean,), (given.std,))))
