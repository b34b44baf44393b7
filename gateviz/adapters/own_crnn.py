"""gateviz's own models without torch: read by numpy, run as a graph, and built by torch where that is needed."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gateviz.adapters.core.alphabets import find_alphabet
from gateviz.adapters.core.deferred import DeferredRecognizer, TorchSide
from gateviz.adapters.core.files import Container, ModelFile
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.own_card import LINEAGE, card_of, preprocess_of
from gateviz.data.crnn import CrnnDocument
from gateviz.errors import CheckpointError, RecordingFileError
from gateviz.files import budget
from gateviz.files.crnn_document import DOCUMENT_KEY, read_document
from gateviz.files.inputs import opened_input
from gateviz.files.tensor_header import read_header
from gateviz.files.weights import stored_weights
from gateviz.graphs.crnn_shape import crnn_geometry, crnn_layers, has_graph, weight_shapes
from gateviz.graphs.source import RecognizerGraph

if TYPE_CHECKING:
    import onnx

    import gateviz.capture.ctc_recognizer


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
    weights = stored_weights(content, header)
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

    def content(self) -> bytes:
        """The graph as the bytes of its file."""
        from gateviz.graphs.crnn import crnn_content

        return crnn_content(self.document.config, self.weights)

    def recognizer(self) -> "gateviz.capture.ctc_recognizer.CtcRecognizer":
        # torch takes more than a second to import.
        from gateviz.adapters.gateviz_crnn import built_crnn

        return built_crnn(self.document, self.weights)
