"""Networks that are recognized by their keys and cannot be shown: refused by their names."""

from collections.abc import Iterable

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
        "multihead_attn.",
        "has a transformer decoder and no recurrent layer that reads the line; load a CRNN with a CTC head",
    ),
    (
        "self_attn.in_proj_weight",
        "is a transformer and has no recurrent layer that reads the line; load a CRNN with a CTC head",
    ),
    (
        "attn.qkv.weight",
        "is a vision transformer and has no recurrent layer that reads the line; load a CRNN with a CTC head",
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
    return ""
