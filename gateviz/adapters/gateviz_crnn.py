"""gateviz's own models: the file says everything itself."""

from collections.abc import Mapping

import numpy as np
import torch

from gateviz.adapters.core.alphabets import find_alphabet
from gateviz.adapters.core.evidence import Match
from gateviz.adapters.core.files import ModelFile
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.own_card import EVIDENCE, LINEAGE, card_of, preprocess_of
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnDocument
from gateviz.errors import CheckpointError
from gateviz.files.crnn_document import DOCUMENT_KEY, read_document
from gateviz.networks.crnn import CRNN
from gateviz.networks.crnn_file import build_crnn


class GatevizAdapter:
    """Knows the files of ``networks.crnn_file.save_crnn``."""

    name = LINEAGE

    def sniff(self, file: ModelFile) -> Match:
        """Whether the file has the document that gateviz writes.

        Raises:
            CheckpointError: the file is damaged, or its weights are no finite numbers.
        """
        if DOCUMENT_KEY in file.checkpoint.metadata:
            return Match(1.0, (EVIDENCE,))
        return Match(0.0, (), (f"the metadata {DOCUMENT_KEY!r}",))

    def build(self, file: ModelFile, options: LoadOptions) -> CtcRecognizer:
        """The recognizer in a file that fits.

        Raises:
            CheckpointError: the document and the weights disagree, or an option was given that the
                file settles itself.
            AlphabetError: an alphabet was given that has another number of classes.
        """
        if options.variant is not None:
            raise CheckpointError(
                f"{file.path} is gateviz's own model, which has no variant {options.variant!r}; leave the variant out"
            )
        checkpoint = file.checkpoint
        try:
            document = read_document(checkpoint.metadata[DOCUMENT_KEY])
            module = build_crnn(document.config, checkpoint.tensors)
            preprocess_of(document.preprocessing, document.config)
        except CheckpointError as error:
            raise CheckpointError(f"{file.path} cannot be built: {error}") from error
        alphabet, words = document.alphabet, "in the file"
        if options.alphabet is not None:
            source = find_alphabet(
                options.alphabet, document.config.class_count, blank=document.alphabet.blank, checkpoint=file.path
            )
            alphabet, words = source.alphabet, source.words
        return _assembled(document, module, alphabet, (checkpoint.name, checkpoint.sha256, words))


def built_crnn(document: CrnnDocument, weights: Mapping[str, np.ndarray]) -> CtcRecognizer:
    """The recognizer of a file that ``own_crnn`` has read, with its torch network.

    Raises:
        CheckpointError: the weights are not those of the document's network.
    """
    # What is trained onward must not write into the weights that the graph is made of.
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
    return _assembled(document, build_crnn(document.config, tensors), document.alphabet, ("", "", "in the file"))


def _assembled(document: CrnnDocument, module: CRNN, alphabet: Alphabet, origin: tuple[str, str, str]) -> CtcRecognizer:
    name, digest, words = origin
    recipe = preprocess_of(document.preprocessing, document.config)
    geometry = axis_geometry(module.backbone)
    card = card_of(
        document, geometry, recipe, named=(name, digest), alphabet=f"{words}, {len(alphabet.symbols)} symbols"
    )
    return CtcRecognizer(module, alphabet, card, preprocess=recipe, geometry=geometry, layout="BTC", output="logits")


ADAPTER = GatevizAdapter()
