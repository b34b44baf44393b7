"""Which modules of a network are recurrent, and which of those can be opened."""

from collections.abc import Collection

import torch
from torch import nn

from gateviz.errors import SelectionError

RECURRENT = (nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell)
_NAMES = tuple(kind.__name__ for kind in RECURRENT)
_QUANTIZED = ("torch.ao.nn.quantized", "torch.ao.nn.quantizable", "torch.nn.quantized", "torch.nn.quantizable")


def has_recurrent(module: nn.Module) -> bool:
    """Whether a network has modules whose gates could be traced."""
    return any(isinstance(each, RECURRENT) for each in module.modules())


def recurrent_modules(
    module: nn.Module, names: Collection[str] | None = None, reversed_modules: Collection[str] = ()
) -> dict[str, nn.Module]:
    """The recurrent modules by their dotted names, those of ``names`` if given.

    Raises:
        SelectionError: there are none, a name is none of them, or one is scripted or quantized and cannot be opened.
    """
    every = dict(module.named_modules())
    found: dict[str, nn.Module] = {name: each for name, each in every.items() if isinstance(each, RECURRENT)}
    for name, each in every.items():
        if (names is None or name in names) and (reason := _closed(each)):
            raise SelectionError(f"{name or 'the module'} cannot be opened, for it is {reason}")
    if not found:
        raise SelectionError(
            f"{type(module).__name__} holds no nn.LSTM, nn.GRU or cell of theirs, so there are no gates to trace"
            + _others(every)
        )
    for name in (*(names or ()), *reversed_modules):
        if name not in found:
            raise SelectionError(f"there is no recurrent module {name!r}; there are {', '.join(map(repr, found))}")
    return found if names is None else {name: found[name] for name in found if name in names}


def _closed(module: nn.Module) -> str:
    """Why the gates of a recurrent module cannot be seen, and what to do; empty for any other module."""
    if isinstance(module, torch.jit.ScriptModule) and module.original_name in _NAMES:
        return (
            f"a scripted {module.original_name}; trace the module it was scripted from (with "
            "modules=... the others can be traced)"
        )
    kind = type(module)
    if kind.__name__ in _NAMES and kind.__module__.startswith(_QUANTIZED):
        return (
            f"a quantized {kind.__name__} ({kind.__module__}), whose kernel keeps no gates; trace the float model that it "
            "was made from, or leave the layer out of the quantization"
        )
    return ""


def _others(every: dict[str, nn.Module]) -> str:
    """What looks recurrent and is not, in words."""
    plain = [name or type(each).__name__ for name, each in every.items() if isinstance(each, nn.RNN | nn.RNNCell)]
    if plain:
        return f"; {', '.join(plain)} is a plain nn.RNN, which has none"
    own = [
        f"{name} ({type(each).__name__})" if name else type(each).__name__
        for name, each in every.items()
        if any(part in type(each).__name__.lower() for part in ("lstm", "gru"))
    ]
    return f"; the code of {', '.join(own)} is not PyTorch's" if own else ""
