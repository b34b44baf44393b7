"""Tensors out of somebody's checkpoint, without running anything that is in it."""

import io
import warnings
from collections.abc import Mapping
from typing import Any

import torch

from gateviz.adapters.core.files import Checkpoint, Container, ModelFile
from gateviz.adapters.core.inert_pickle import DamagedPickleError
from gateviz.adapters.core.torch_file import check_archive, check_claims, wanted_by_pickle
from gateviz.errors import CheckpointError
from gateviz.files import budget
from gateviz.networks.tensor_bytes import tensors_in

# Names under which training scripts put the weights beside an optimizer, an epoch, a configuration.
_WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "net_state_dict",
    "params",
    "weights",
    "module",
)
# What DataParallel, torch.compile and training frameworks put in front of every key.
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
_WRAPPED_DEPTH = 4
# How often a file may hold its own size: weights that two layers share stand twice.
_MOST_VIEWS = 3
# Parts of the names that a pickled quantized layer calls for.
_QUANTIZED = ("quantized", ".qint", "_affine", "torch.ScriptObject")


def read_checkpoint(file: ModelFile) -> Checkpoint:
    """The checkpoint in a file: its weights unwrapped, bare of prefixes, and sound.

    Raises:
        CheckpointError: the file holds no tensors, holds code, is cut short, passes a bound of
            ``files.budget``, or has weights that are no finite dense numbers.
    """
    budget.MODEL_BYTES.check(file.size, str(file.path))
    # What is hashed is what is taken apart, and what is loaded holds nothing of the file.
    data, digest = file.read()
    content: Any
    metadata: Mapping[str, str] = {}
    if file.container is Container.SAFETENSORS:
        content, metadata = _from_safetensors(file, data)
    else:
        content = _from_torch(file, data)
    del data
    state, wrapped_in, beside = _unwrapped(file, content)
    tensors = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    metadata = {**metadata, **_plain_values(file, state)}
    # Many tensors can be views of the same few numbers, and each is looked at whole.
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values() if _is_stored(tensor))
    if claimed > _MOST_VIEWS * file.size + budget.UNPACKED_BYTES.most:
        raise CheckpointError(
            f"{file.path} claims {claimed:,} bytes of numbers in {len(tensors):,} tensors and has {file.size:,} bytes; "
            f"it is damaged or malicious"
        )
    for name, tensor in tensors.items():
        _check_tensor(file, name, tensor)
    bare, prefix = _without_prefixes(tensors)
    return Checkpoint(
        name=file.path.name,
        sha256=digest,
        tensors=bare,
        metadata=metadata,
        wrapped_in=wrapped_in,
        beside=beside,
        prefix=prefix,
    )


def _from_safetensors(file: ModelFile, data: bytearray) -> tuple[dict[str, Any], Mapping[str, str]]:
    try:
        return tensors_in(data)
    except CheckpointError as error:
        raise CheckpointError(
            f"{file.path} is a truncated or damaged safetensors file ({error}); download or save it again"
        ) from error


def _from_torch(file: ModelFile, data: bytearray) -> Any:
    try:
        if file.container is Container.TORCH_ZIP:
            check_archive(file, data)
        check_claims(file, data)
        with warnings.catch_warnings():
            # torch warns of old pickles and of quantized tensors; both are dealt with here.
            warnings.simplefilter("ignore")
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    # A damaged pickle can fail in any way whatever; each is the same to the user.
    except Exception as error:
        if isinstance(error, CheckpointError) and not isinstance(error, DamagedPickleError):
            raise
        if wanted := wanted_by_pickle(file):
            packed = any(mark in name for name in wanted for mark in _QUANTIZED)
            kind = " (a quantized model)" if packed else ""
            raise CheckpointError(
                f"{file.path} is a pickle that wants to run {', '.join(wanted[:3])}{kind}, and nothing in it was run; "
                f"save the float model's state_dict() alone where it was made, and load that"
            ) from error
        said = str(error)
        first = said.strip().splitlines()[0][:160] if said.strip() else type(error).__name__
        raise CheckpointError(
            f"{file.path} is a truncated or damaged torch checkpoint ({first}); download or save it again"
        ) from error


def _unwrapped(file: ModelFile, content: Any) -> tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]:
    """The dictionary that holds tensors, the keys that led to it, and what lay beside it."""
    wrapped_in: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    for _ in range(_WRAPPED_DEPTH):
        if not isinstance(content, dict):
            break
        if any(isinstance(value, torch.Tensor) for value in content.values()):
            return {str(key): value for key, value in content.items()}, wrapped_in, beside
        known: dict[int, bool] = {}
        holders = [str(key) for key, value in content.items() if isinstance(key, str) and _holds_tensors(value, known)]
        named = [key for key in _WRAPPERS if key in holders]
        if not named and len(holders) != 1:
            break
        key = named[0] if named else holders[0]
        wrapped_in += (key,)
        beside += tuple(str(other) for other in content if other != key)
        content = content[key]
    found = f"a {type(content).__name__}"
    if isinstance(content, dict):
        found = f"a dictionary of {', '.join(str(key) for key in list(content)[:6]) or 'nothing'}"
    raise CheckpointError(
        f"{file.path} holds {found} and no state_dict of tensors; save the model's state_dict() and load that"
    )


def _holds_tensors(value: Any, known: dict[int, bool], depth: int = 0) -> bool:
    """True for a state_dict or a dictionary around one; an optimizer's state is keyed by numbers.

    Every dictionary is looked at once, since a pickle can put one into many others, and into itself.
    """
    if not isinstance(value, dict) or budget.DEPTH.passed_by(depth):
        return False
    if id(value) not in known:
        known[id(value)] = False
        known[id(value)] = all(isinstance(key, str) for key in value) and any(
            isinstance(inner, torch.Tensor) or _holds_tensors(inner, known, depth + 1) for inner in value.values()
        )
    return known[id(value)]


def _plain_values(file: ModelFile, state: Mapping[str, Any]) -> dict[str, str]:
    """Numbers and text that stood among the tensors.

    Raises:
        CheckpointError: anything else stood there, such as the packed weights of a quantized layer.
    """
    plain: dict[str, str] = {}
    for name, value in state.items():
        if isinstance(value, torch.Tensor):
            continue
        if isinstance(value, torch.dtype) or "_packed_params" in name:
            raise CheckpointError(
                f"{file.path} holds a quantized model ({name}); gates need the float weights it was made from"
            )
        if value is not None and not isinstance(value, str | int | float | bool):
            raise CheckpointError(
                f"{file.path} holds {name} of the type {type(value).__name__} among its tensors; "
                f"save the model's state_dict() alone and load that"
            )
        plain[name] = str(value)
    return plain


def _is_stored(tensor: torch.Tensor) -> bool:
    """True for a dense tensor of no more numbers than its storage has; all others are refused one by one."""
    dense = tensor.layout == torch.strided and tensor.device.type == "cpu"
    return dense and tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _check_tensor(file: ModelFile, name: str, tensor: torch.Tensor) -> None:
    """Refuses what is no dense array of finite numbers that lie in the file."""
    if tensor.is_quantized:
        raise CheckpointError(
            f"{file.path} holds a quantized model ({name} is {tensor.dtype}); gates need the float weights it was made from"
        )
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        raise CheckpointError(
            f"{file.path} holds {name} as a {tensor.layout} tensor on {tensor.device.type} without plain values; "
            f"save the model's state_dict() on the CPU and load that"
        )
    stored = tensor.untyped_storage().nbytes()
    # A stride of zero lets a few bytes claim to be any number of weights.
    if not _is_stored(tensor):
        raise CheckpointError(
            f"{file.path} claims {tensor.numel():,} numbers for {name} and stores {stored:,} bytes; it is damaged or malicious"
        )
    if tensor.is_complex():
        raise CheckpointError(f"{file.path} holds complex numbers in {name}; no recognizer that gateviz knows has them")
    if tensor.is_floating_point() and not bool((finite := torch.isfinite(tensor)).all()):
        broken = int((~finite).sum())
        raise CheckpointError(
            f"{file.path} has {broken} of {tensor.numel()} numbers in {name} that are NaN or infinite; "
            f"the training diverged, so take an earlier checkpoint"
        )


def _without_prefixes(tensors: Mapping[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], str]:
    """The tensors with every prefix taken off that all keys share, and those prefixes."""
    bare, taken = dict(tensors), ""
    while bare:
        shared = [prefix for prefix in _PREFIXES if all(name.startswith(prefix) for name in bare)]
        if not shared:
            break
        taken += shared[0]
        bare = {name.removeprefix(shared[0]): tensor for name, tensor in bare.items()}
    return bare, taken
