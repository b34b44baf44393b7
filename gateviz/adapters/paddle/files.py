"""Paddle's own files as checkpoints under the names that its PyTorch ports gave the parameters.

``.pdparams`` carries PaddleOCR's names, which the ports kept but for three: a batch norm's mean and
variance, and a ResNet's blocks, which lie one level deeper. Its linear layers are transposed (inputs
first); its LSTMs are not, and their gates stand in the order i f g o, as in PyTorch. Every LSTM
parameter stands there twice, under its cell's name too. An inference model (``.pdiparams`` beside
``.pdmodel`` or ``.json``) has names by a counter; there the order in which the program uses the
parameters says what they are.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gateviz.adapters.core.evidence import refusal_by_keys
from gateviz.adapters.core.files import Checkpoint, Container, ModelFile
from gateviz.adapters.paddle.network import TELLTALES, PaddleCrnn
from gateviz.adapters.paddle.pickled import read_pickled
from gateviz.adapters.paddle.program import Uses, read_parameters, read_program
from gateviz.errors import CheckpointError
from gateviz.files import budget
from gateviz.files.inputs import read_input, read_with_digest

PROGRAMS = (".pdmodel", ".json")
WEIGHTS = ".pdiparams"
FORMAT = "format"
"""The key of a checkpoint's metadata that says how its weights lay in the file."""

_CELL = re.compile(r"\.\d+\.(cell|cell_fw|cell_bw)\.")
_RENAMED = (("._mean", ".running_mean"), ("._variance", ".running_var"), ("backbone.bb_", "backbone.block_list.bb_"))
_LSTM_WEIGHTS, _LSTM_BIASES = ("weight_ih", "weight_hh"), ("bias_ih", "bias_hh")


def read_paddle(file: ModelFile) -> Checkpoint:
    """The checkpoint in one of Paddle's own files.

    Raises:
        CheckpointError: the file is damaged, wants to run code, lacks the file beside it, passes a
            bound of ``files.budget``, or is a network that cannot be shown.
    """
    inference = file.container is Container.PADDLE_INFERENCE
    weights = file.path.with_suffix(WEIGHTS) if inference else file.path
    uses = (
        read_program(_whole(_program(file.path), budget.PROGRAM_BYTES.most), _program(file.path).name)
        if inference
        else None
    )
    if uses is not None and not uses.recurrent:
        raise CheckpointError(
            f"{file.path} is a Paddle inference model without a recurrent layer (PP-OCRv3 and later read with SVTR); "
            f"export a CRNN, such as those of PP-OCRv2 and before with MobileNetV3 or ResNet34_vd"
        )
    content, digest = _content(weights)
    if uses is None:
        arrays, words = read_pickled(content, str(file.path)), "Paddle parameters (.pdparams)"
        named = dict(_under_ports_names(arrays))
        if refusal := refusal_by_keys(named):
            raise CheckpointError(f"{file.path} cannot be shown: it {refusal}")
    else:
        arrays, words = read_parameters(content, uses.stored, str(weights)), "a Paddle inference model (.pdiparams)"
        named = _by_use(uses, arrays, file.path)
    _check(named, file.path, len(content))
    tensors = {name: torch.from_numpy(_native(array)) for name, array in named.items()}
    return Checkpoint(file.path.name, digest, tensors, {FORMAT: words})


def _program(path: Path) -> Path:
    """The program of an inference model, whichever of its two files was named.

    Raises:
        CheckpointError: it is not there.
    """
    found = [path.with_suffix(suffix) for suffix in PROGRAMS if path.with_suffix(suffix).is_file()]
    if path.suffix in PROGRAMS:
        found = [path]
    if not found:
        beside = " or ".join(path.with_suffix(suffix).name for suffix in PROGRAMS)
        raise CheckpointError(
            f"{path} holds the parameters of a Paddle inference model without their names, which are in {beside}; "
            f"put that file beside it"
        )
    return found[0]


def _whole(path: Path, largest: int) -> bytes:
    return read_input(path, most=largest + 1)


def _content(path: Path) -> tuple[memoryview, str]:
    """The bytes of a file, from then on independent of it, and their digest.

    Raises:
        CheckpointError: the file is missing, empty or too large.
    """
    try:
        size = path.stat().st_size
        if not size:
            raise CheckpointError(f"{path} is empty (0 bytes), and should hold parameters; export or download it again")
        budget.MODEL_BYTES.check(size, str(path))
        content, digest = read_with_digest(path)
    except OSError as error:
        raise CheckpointError(
            f"the parameters {path} of a Paddle inference model cannot be read: {error.strerror or error}; "
            f"put that file beside its program"
        ) from error
    return memoryview(content), digest


def _under_ports_names(arrays: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    for name, array in arrays.items():
        if _CELL.search(name):
            continue
        for theirs, ports in _RENAMED:
            name = name.replace(theirs, ports)
        yield name, array.T if name.endswith(".weight") and array.ndim == 2 else array


def _by_use(uses: Uses, arrays: Mapping[str, np.ndarray], path: Path) -> dict[str, np.ndarray]:
    """The arrays under the ports' names, by the order in which the program uses them.

    Raises:
        CheckpointError: the program is no CRNN of PaddleOCR's.
    """
    for telltales in TELLTALES.values():
        two = dict.fromkeys(("head.fc1.weight", "head.fc2.weight") if len(uses.matrices) == 2 else (), ())
        with torch.device("meta"):
            network = PaddleCrnn({**dict.fromkeys(telltales, ()), **two})
        names = _port_names(network)
        if _counts(names) == _counts(uses):
            break
    else:
        raise CheckpointError(
            f"{path} is a Paddle inference model of {len(uses.convolutions)} convolutions, {len(uses.norms)} batch norms, "
            f"{len(uses.recurrent)} recurrent layers of {', '.join(str(len(names)) for names in uses.recurrent)} parameters "
            f"and {len(uses.matrices)} linear layers, which none of PaddleOCR's CRNNs with MobileNetV3 or ResNet34_vd has"
        )
    pairs = [*zip(names.convolutions, uses.convolutions, strict=True), *zip(names.biases, uses.biases, strict=True)]
    for ports, theirs in ((names.norms, uses.norms), (names.recurrent, uses.recurrent)):
        for port, their in zip(ports, theirs, strict=True):
            pairs += zip(port, their, strict=True)
    named = {port: arrays[their] for port, their in pairs}
    for matrix, stored in zip(names.matrices, uses.matrices, strict=True):
        named[matrix] = arrays[stored].T
    return named


def _counts(uses: Uses) -> tuple[object, ...]:
    return (
        len(uses.convolutions),
        [len(names) for names in uses.norms],
        [len(names) for names in uses.recurrent],
        len(uses.matrices),
        len(uses.biases),
    )


def _port_names(network: PaddleCrnn) -> Uses:
    """The port's names by what uses them, in the order in which the network runs."""
    uses = Uses()
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            uses.convolutions.append(f"{name}.weight")
        elif isinstance(module, nn.BatchNorm2d):
            uses.norms.append(tuple(f"{name}.{part}" for part in ("weight", "bias", "running_mean", "running_var")))
        elif isinstance(module, nn.Linear):
            uses.matrices.append(f"{name}.weight")
        elif isinstance(module, nn.LSTM):
            ends = [f"_l{layer}{direction}" for layer in range(module.num_layers) for direction in ("", "_reverse")]
            parts = [part + end for group in (_LSTM_WEIGHTS, _LSTM_BIASES) for end in ends for part in group]
            uses.recurrent.append(tuple(f"{name}.{part}" for part in parts))
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            uses.biases.append(f"{name}.bias")
    return uses


def _check(arrays: Mapping[str, np.ndarray], path: Path, size: int) -> None:
    """Refuses what comes to more than the file, and numbers that are none."""
    claimed = sum(array.nbytes for array in arrays.values())
    if claimed > size:
        raise CheckpointError(
            f"{path} claims {claimed:,} bytes of parameters and has {size:,}; it is damaged or malicious"
        )
    for name, array in arrays.items():
        if array.dtype.kind == "f" and (broken := int((~np.isfinite(array)).sum())):
            raise CheckpointError(
                f"{path} has {broken} of {array.size} numbers in {name} that are NaN or infinite; "
                f"the training diverged, so take an earlier checkpoint"
            )


def _native(array: np.ndarray) -> np.ndarray:
    """The array in this machine's byte order, which torch asks for."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
