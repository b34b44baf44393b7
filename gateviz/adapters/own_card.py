"""What gateviz's own models say of themselves: their card, and the recipe of their lines."""

import math
from typing import get_args

from gateviz.data.crnn import CrnnConfig, CrnnDocument, CrnnInput
from gateviz.errors import CheckpointError
from gateviz.files.crnn_document import DOCUMENT_KEY
from gateviz.geometry.canvas import Normalize, Pad, PadToWidth, Step
from gateviz.geometry.crop_to_ink import CropToInk
from gateviz.geometry.preprocess import Color, Gray, Interpolation, Preprocess, ResizeToHeight
from gateviz.geometry.receptive import AxisGeometry
from gateviz.lines.recognizer import RecognizerCard

LINEAGE = "gateviz"
EVIDENCE = f"a safetensors file with a {DOCUMENT_KEY!r} document"


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
