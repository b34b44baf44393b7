"""How well a file fits a lineage, what a lineage must answer, and networks that are known by their keys to show no gates."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from gateviz.adapters.core.files import ModelFile
from gateviz.adapters.core.options import LoadOptions

if TYPE_CHECKING:
    import gateviz.capture.recognizer


@dataclass(frozen=True)
class Match:
    """How well a file fits a lineage.

    Attributes:
        score: the share of what the lineage asks for that was found, 0 to 1.
        evidence: what speaks for the lineage, a short phrase each.
        missing: what does not fit, with exact keys and shapes; empty where the file fits.
    """

    score: float
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True where the lineage can build this file."""
        return not self.missing


@runtime_checkable
class Adapter(Protocol):
    """One lineage of checkpoints: how to know it, how to build it."""

    @property
    def name(self) -> str:
        """The lineage's name, such as ``crnn_pytorch``."""

    def sniff(self, file: ModelFile) -> Match:
        """How well the file fits, from its first bytes or from its keys and shapes alone.

        Raises:
            CheckpointError: the file cannot be read at all.
        """

    def build(self, file: ModelFile, options: LoadOptions) -> "gateviz.capture.recognizer.Recognizer":
        """The recognizer in a file that fits.

        Raises:
            CheckpointError: the file does not hold what it seemed to.
            AlphabetError: the alphabet does not go with the network's classes.
        """


# Part of a key -> what the network is. Each reads without CTC, so that its steps are no frames of the line.
_BY_KEY = (
    (
        "Prediction.attention_cell.",
        "has an attention decoder (clovaai's Attn), whose steps are characters and not frames of the line; "
        "load a model that was trained with --Prediction CTC",
    ),
    (
        "attention_cell.",
        "has an attention decoder, whose steps are characters and not frames of the line; load a model with a CTC head",
    ),
    (
        "decoder.rnn_decoder",
        "has an attention decoder (MMOCR's SAR), whose steps are characters and not frames of the line; "
        "load MMOCR's CRNN or another model with a CTC head",
    ),
    (
        "decoder.hybrid_decoder.",
        "has an attention decoder (MMOCR's RobustScanner), whose steps are characters and not frames of the line; "
        "load MMOCR's CRNN or another model with a CTC head",
    ),
    (
        "decoder.proj_hidden.",
        "has an attention decoder (MMOCR's ASTER), whose steps are characters and not frames of the line; "
        "load MMOCR's CRNN or another model with a CTC head",
    ),
    (
        "decoder.trg_word_emb.",
        "has a transformer decoder (MMOCR's NRTR or SATRN) and no recurrent layer that reads the line; load a CRNN with a CTC head",
    ),
    (
        "decoder.embedding.lut.",
        "has a transformer decoder (MMOCR's MASTER) and no recurrent layer that reads the line; load a CRNN with a CTC head",
    ),
    (
        "our_nas_model.",
        "is ModelScope's LightweightEdge and has no recurrent layer, so there are no gates to show; "
        "load damo/cv_crnn_ocr-recognition-general_damo",
    ),
    (
        "multihead_attn.",
        "has a transformer decoder and no recurrent layer that reads the line; load a CRNN with a CTC head",
    ),
    (
        "self_attn.in_proj_weight",
        "is a transformer and has no recurrent layer that reads the line; load a CRNN with a CTC head",
    ),
    (
        "svtr_block.",
        "has SVTR (PP-OCRv3 and later), which attends to the line and has no recurrent layer; "
        "load a CRNN of PaddleOCR's, such as those of PP-OCR 2.0",
    ),
    (
        "attn.qkv.weight",
        "is a vision transformer and has no recurrent layer that reads the line; load a CRNN with a CTC head",
    ),
)

# Parts of keys that are there, one that is not -> what the network is.
_BY_ABSENCE = (
    (
        ("backbone.cnn.", "decoder.decoder.weight"),
        "decoder.decoder.0.rnn.",
        "has no recurrent layer (MMOCR's CRNNDecoder with rnn_flag=False), so there are no gates to show; "
        "load a model that was trained with rnn_flag=True",
    ),
    (
        ("FeatureExtraction.ConvNet.", "Prediction.weight"),
        "SequenceModeling.",
        "has no recurrent layer (clovaai's --SequenceModeling None), so there are no gates to show; "
        "load a model that was trained with --SequenceModeling BiLSTM",
    ),
)


def refusal_by_keys(keys: Iterable[str]) -> str:
    """Why a network with these keys cannot be shown; empty where nothing is known against it.

    Example:
        >>> refusal_by_keys(["Prediction.attention_cell.i2h.weight"])[:24]
        'has an attention decoder'
    """
    names = tuple(keys)
    for part, refusal in _BY_KEY:
        if any(part in name for name in names):
            return refusal
    for parts, absent, refusal in _BY_ABSENCE:
        if not any(absent in name for name in names) and all(any(part in name for name in names) for part in parts):
            return refusal
    return ""
