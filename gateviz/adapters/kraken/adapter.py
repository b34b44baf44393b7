"""The lineage ``kraken``: recognizers that kraken trained, as ``.safetensors`` or ``.mlmodel``."""

from dataclasses import replace
from typing import Any

import torch

from gateviz.adapters.core.evidence import Match
from gateviz.adapters.core.files import Checkpoint, Container, ModelFile
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, chosen_variant
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.kraken.files import KrakenDocument, KrakenFile, is_kraken, open_kraken
from gateviz.adapters.kraken.network import VgslNetwork
from gateviz.adapters.kraken.preprocess import VARIANTS, recipe_of
from gateviz.adapters.kraken.vgsl import Specification, parse
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, CheckpointError

NAME = "kraken"
BLANK = 0


class KrakenAdapter:
    """Knows kraken's files and builds recognizers of them."""

    name = NAME

    def sniff(self, file: ModelFile) -> Match:
        """How well the weights of a file fit the network that it describes; what cannot be shown is for ``build`` to say.

        Raises:
            CheckpointError: the file is damaged, or its weights are no finite numbers.
        """
        if not is_kraken(file):
            return Match(0.0, (), ("a document 'kraken_meta'",))
        try:
            opened = open_kraken(file)
            return _Described(opened).sniff(opened)
        except CheckpointError:
            return Match(1.0, (_kind(file),))

    def build(self, file: ModelFile, options: LoadOptions) -> CtcRecognizer:
        """The recognizer in a file of kraken's.

        Raises:
            CheckpointError: the file is damaged, holds no recognizer, or one that cannot be shown.
            AlphabetError: the codec or the alphabet does not go with the network's classes.
        """
        try:
            opened = open_kraken(file)
            described = _Described(opened)
        except CheckpointError as error:
            raise CheckpointError(f"{file.path} cannot be loaded: {error}") from error
        own = options.alphabet is None and opened.document.codec is not None
        if own:
            options = replace(options, alphabet=_alphabet(opened, described.classes))
        recognizer = described.build(opened, options)
        if not own:
            return recognizer
        words = f"in the file, {len(recognizer.alphabet.symbols)} symbols"
        card = replace(recognizer.card, details={**recognizer.card.details, "alphabet": words})
        return replace(recognizer, card=card)


class _Described(LineageAdapter):
    """The lineage of one file: its network is the one that the file describes.

    Args:
        file: of kraken's.

    Raises:
        CheckpointError: the description is no line recognizer that can be shown.
    """

    name = NAME

    def __init__(self, file: KrakenFile) -> None:
        self._file = file
        self._document: KrakenDocument = file.document
        self._specification: Specification = parse(file.document.vgsl)
        with torch.device("meta"):
            self.classes = VgslNetwork(self._specification).classes

    def rebuild(self, shapes: Shapes) -> VgslNetwork:
        """The network that the file describes."""
        return VgslNetwork(self._specification)

    def evidence(self, module: VgslNetwork) -> tuple[str, ...]:
        """What file it is, and its recurrent layers."""
        return (_kind(self._file), f"VGSL {self._specification.text}", f"{len(module.traced)} LSTMs along the line")

    def reading(self, module: Any, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as kraken does with lines of the kind the model was trained on; blank first.

        Raises:
            CheckpointError: there is no such variant, or no way from an image to the network's channels.
        """
        said = self._document.line_type if self._document.line_type in VARIANTS else VARIANTS[0]
        variant = chosen_variant(self.name, options.variant or said, VARIANTS)
        details = {
            "network": self._specification.text,
            "variant": f"{variant} (of {', '.join(VARIANTS)}: how lines are cut; the file says {self._document.line_type or 'nothing'})",
        }
        if module.other_lstms:
            details["not along the line"] = ", ".join(module.other_lstms)
        if self._document.binary:
            details["trained on"] = "black and white images; give such, since kraken does not make them either"
        return Reading(
            recipe_of(self._specification, variant),
            module.geometry,
            class_count=module.classes,
            layout="BTC",
            blank=BLANK,
            details=details,
            traced_modules=module.traced,
            layer_geometries=module.layer_geometries,
        )


def _kind(file: ModelFile) -> str:
    return (
        "a Core ML model with a VGSL specification"
        if file.container is Container.CORE_ML
        else "a document 'kraken_meta'"
    )


def _alphabet(file: KrakenFile, class_count: int) -> Alphabet:
    """The file's own codec.

    Raises:
        AlphabetError: it has labels that the network does not have, or codes that cannot be told apart.
    """
    codec = file.document.codec or {}
    codes = set(codec.values())
    largest = max((label for code in codes for label in code), default=BLANK)
    if largest >= class_count or not codec:
        raise AlphabetError(
            f"{file.path} has {class_count} classes and a codec of {len(codec)} graphemes with labels up to {largest}; "
            f"give the alphabet the model was trained with"
        )
    begun = next((code for code in codes for end in range(1, len(code)) if code[:end] in codes), None)
    if begun is not None or len(codes) < len(codec):
        raise AlphabetError(
            f"{file.path} has a codec whose codes cannot be told apart"
            + (f" ({begun} begins with another)" if begun is not None else "")
            + "; give the alphabet the model was trained with"
        )
    ordered = sorted(codec.items(), key=lambda entry: entry[1])
    return Alphabet(tuple(grapheme for grapheme, _ in ordered), tuple(code for _, code in ordered), BLANK, class_count)


ADAPTER = KrakenAdapter()
