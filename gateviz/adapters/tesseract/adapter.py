"""The lineage ``tesseract``: ``.traineddata`` files of Tesseract 4 and 5."""

import unicodedata

from gateviz.adapters.model_file import Container, ModelFile
from gateviz.adapters.registry import LoadOptions, Match
from gateviz.adapters.tesseract.model import TesseractModel, read_model
from gateviz.adapters.tesseract.network import BuiltNetwork, build_network
from gateviz.adapters.tesseract.recognizer import TesseractRecognizer, preprocess_of
from gateviz.capture.recognizer import RecognizerCard
from gateviz.errors import AlphabetError, CheckpointError
from gateviz.files import budget

_FEW_LETTERS = 9
"""Letters written from right to left that an alphabet may have by the way."""


class TesseractAdapter:
    """Knows Tesseract's models and builds recognizers of them."""

    name = "tesseract"

    def sniff(self, file: ModelFile) -> Match:
        """How well the file fits: by its table of parts alone; a damaged one is for ``build`` to report."""
        if file.container is not Container.TRAINEDDATA:
            return Match(0.0, missing=("a table of traineddata parts",))
        return Match(1.0, ("table of traineddata parts",))

    def build(self, file: ModelFile, options: LoadOptions) -> TesseractRecognizer:
        """The recognizer in a traineddata.

        Raises:
            CheckpointError: the file is damaged, or holds no LSTM network that gateviz runs.
            AlphabetError: an alphabet was given, which a traineddata has itself.
        """
        if options.alphabet is not None:
            raise AlphabetError(f"{file.path} is a traineddata and has its own alphabet; leave the other one out")
        if options.variant is not None:
            raise CheckpointError(
                f"the variant {options.variant!r} was asked for and {file.path} is a traineddata, which has none; leave it out"
            )
        budget.MODEL_BYTES.check(file.size, str(file.path), advice="it is no traineddata of Tesseract's")
        data, digest = file.read()
        try:
            model = read_model(bytes(data))
            network = build_network(model.network, int8=model.int8, sample_iteration=model.sample_iteration)
        except CheckpointError as error:
            raise CheckpointError(f"{file.path} cannot be loaded: {error}") from error
        return recognizer_of(model, network, file.path.name, digest)


def recognizer_of(model: TesseractModel, network: BuiltNetwork, name: str, digest: str) -> TesseractRecognizer:
    """The recognizer of a model and its network, with all that is worth printing on its card."""
    weights = "int8 weights and activations" if model.int8 else "floating-point weights"
    longest = model.alphabet.longest_code
    details = {
        "specification": model.specification,
        "weights": weights,
        "frames": network.geometry.frame_rule,
        "codes": "one class a character" if longest == 1 else f"1 to {longest} classes a character",
        "vertical": ", ".join(network.other_lstms) or "none",
        "version": model.version or "none",
        "samples": str(model.sample_iteration),
    }
    if sum(unicodedata.bidirectional(symbol[0]) in ("R", "AL") for symbol in model.alphabet.symbols) > _FEW_LETTERS:
        details["reading order"] = (
            "spans stand from left to right, as frames do; the text is in the order people read Hebrew and Arabic"
        )
    preprocess = preprocess_of(network, int8=model.int8)
    card = RecognizerCard(
        lineage=TesseractAdapter.name,
        evidence=("table of traineddata parts", f"LSTM network {model.specification}", weights),
        checkpoint=name,
        checkpoint_sha256=digest,
        preprocessing=f"{preprocess.words}; dark images inverted where that is read more surely",
        details=details,
    )
    return TesseractRecognizer(network, preprocess, model.alphabet, card)


ADAPTER = TesseractAdapter()
