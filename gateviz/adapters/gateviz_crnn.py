"""gateviz's own models: the file says everything itself."""

import math
from typing import get_args

from gateviz.adapters.core.alphabets import find_alphabet
from gateviz.adapters.core.evidence import Match
from gateviz.adapters.core.files import ModelFile
from gateviz.adapters.core.options import LoadOptions
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.capture.recognizer import RecognizerCard
from gateviz.errors import CheckpointError
from gateviz.geometry.canvas import Normalize, Pad, PadToWidth, Step
from gateviz.geometry.crop_to_ink import CropToInk
from gateviz.geometry.preprocess import Color, Gray, Interpolation, Preprocess, ResizeToHeight
from gateviz.networks.crnn import CrnnConfig
from gateviz.networks.crnn_file import DOCUMENT_KEY, CrnnInput, build_crnn, read_document


class GatevizAdapter:
    """Knows the files of ``networks.crnn_file.save_crnn``."""

    name = "gateviz"

    def sniff(self, file: ModelFile) -> Match:
        """Whether the file has the document that gateviz writes.

        Raises:
            CheckpointError: the file is damaged, or its weights are no finite numbers.
        """
        if DOCUMENT_KEY in file.checkpoint.metadata:
            return Match(1.0, (f"a safetensors file with a {DOCUMENT_KEY!r} document",))
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
            recipe = preprocess_of(document.preprocessing, document.config)
        except CheckpointError as error:
            raise CheckpointError(f"{file.path} cannot be built: {error}") from error
        alphabet, words = document.alphabet, "in the file"
        if options.alphabet is not None:
            source = find_alphabet(
                options.alphabet, document.config.class_count, blank=document.alphabet.blank, checkpoint=file.path
            )
            alphabet, words = source.alphabet, source.words
        geometry = axis_geometry(module.backbone)
        sees = "and the whole line through squeeze and excitation" if geometry.whole_line else ""
        card = RecognizerCard(
            lineage=self.name,
            evidence=self.sniff(file).evidence,
            checkpoint=checkpoint.name,
            checkpoint_sha256=checkpoint.sha256,
            preprocessing=recipe.words,
            details={
                "network": f"{document.config.backbone} + {document.config.recurrent}",
                "alphabet": f"{words}, {len(alphabet.symbols)} symbols",
                "frames": f"T = {geometry.frame_rule}",
                "receptive field": f"{geometry.receptive_field:g} columns of the network's input {sees}".rstrip(),
                **document.notes,
            },
        )
        return CtcRecognizer(
            module, alphabet, card, preprocess=recipe, geometry=geometry, layout="BTC", output="logits"
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


ADAPTER = GatevizAdapter()
