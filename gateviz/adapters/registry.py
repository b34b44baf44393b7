"""From a file to a recognizer: every adapter is asked, the one that knows the lineage builds.

An adapter is an object with a ``name``, a ``sniff`` and a ``build`` (``core.evidence.Adapter``). gateviz's own
stand in a table here and are imported when a file may be theirs; other packages add theirs by an
entry point of the group ``gateviz.adapters`` that names such an object.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from gateviz.adapters.core.evidence import Adapter, Match, refusal_by_keys
from gateviz.adapters.core.files import Container, ModelFile, reading
from gateviz.adapters.core.options import NOTHING_SAID, LoadOptions
from gateviz.adapters.core.sidecar import read_sidecar
from gateviz.adapters.opening import PADDLE, TENSORS, open_model_file
from gateviz.errors import CheckpointError

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
else:
    # What is deferred is not to be opened by a look at whether it has a network; and a name, since numpy is not needed yet.
    Recognizer = "gateviz.lines.recognizer.LineRecognizer"

ENTRY_POINT_GROUP = "gateviz.adapters"
_LISTED = 4
_NEAREST = 2


@dataclass(frozen=True)
class _Entry:
    """An adapter of gateviz's own: the module whose ``ADAPTER`` it is, and the files that may be its."""

    name: str
    module: str
    containers: frozenset[Container]


_OWN = (
    _Entry("gateviz", "gateviz.adapters.gateviz_crnn", frozenset({Container.SAFETENSORS})),
    _Entry("crnn_pytorch", "gateviz.adapters.crnn_pytorch", TENSORS),
    _Entry("gitycc", "gateviz.adapters.gitycc", TENSORS),
    _Entry("courao", "gateviz.adapters.courao", TENSORS),
    _Entry("mmocr", "gateviz.adapters.mmocr", TENSORS),
    _Entry("modelscope", "gateviz.adapters.modelscope", TENSORS),
    _Entry("belbes", "gateviz.adapters.belbes", TENSORS),
    _Entry("doctr", "gateviz.adapters.doctr.adapter", TENSORS),
    _Entry("clovaai", "gateviz.adapters.clovaai.adapter", TENSORS),
    _Entry("easyocr", "gateviz.adapters.clovaai.easyocr", TENSORS),
    _Entry("kraken", "gateviz.adapters.kraken.adapter", frozenset({Container.SAFETENSORS, Container.CORE_ML})),
    _Entry("paddle", "gateviz.adapters.paddle.adapter", TENSORS | PADDLE),
    _Entry("tesseract", "gateviz.adapters.tesseract.adapter", frozenset({Container.TRAINEDDATA})),
    _Entry("onnx", "gateviz.adapters.onnx.adapter", frozenset({Container.ONNX})),
)


def adapter_names() -> tuple[str, ...]:
    """Name of every adapter, gateviz's own first."""
    foreign = (point.name for point in entry_points(group=ENTRY_POINT_GROUP))
    return (*(entry.name for entry in _OWN), *foreign)


def load_recognizer(path: str | Path | None, options: LoadOptions = NOTHING_SAID) -> Recognizer:
    """The recognizer in a checkpoint of any lineage that an adapter knows, or of a network that a factory builds.

    What stands in ``NAME.gateviz.toml`` beside the checkpoint holds where the options are silent.

    Args:
        path: the checkpoint; None where a factory loads its weights itself.
        options: what the user says of it.

    Raises:
        CheckpointError: the file holds no recognizer that an adapter can build; says what each
            adapter found missing, the nearest first.
        AlphabetError: the alphabet does not go with the network's classes.
    """
    file = None if path is None else open_model_file(path)
    if file is not None:
        with reading(file.path):
            options = options.over(read_sidecar(file.path))
    if options.factory is not None:
        if options.adapter is not None:
            raise CheckpointError(f"a factory and the adapter {options.adapter!r} were asked for; give one of them")
        # torch takes more than a second to import.
        from gateviz.adapters.factory.adapter import load_from_factory

        return load_from_factory(file, options)
    if file is None:
        raise CheckpointError("no checkpoint was named; give its path, or a factory that builds the network")
    with reading(file.path):
        # What a graph can read needs none of the adapters that follow, which import torch.
        if (deferred := _deferred(file, options)) is not None:
            return deferred
        matches = sniff_all(file, options.adapter)
        if not any(match.ok for _, match in matches):
            raise CheckpointError(_nothing_fits(file, matches))
        chosen, _ = matches[0]
        if said := options.only_for(chosen.name):
            raise CheckpointError(
                f"{file.path} is a checkpoint of {chosen.name}, which knows its own {', '.join(said)}; "
                f"leave these out, or name the code that builds the network as a factory"
            )
        return chosen.build(file, options)


def _deferred(file: ModelFile, options: LoadOptions) -> Optional[Recognizer]:  # noqa: UP045  (at run time it is a name)
    """The recognizer in a file that gateviz wrote and a graph can read; None for any other."""
    if file.container is Container.SAFETENSORS:
        from gateviz.adapters.own_crnn import deferred_crnn

        return deferred_crnn(file, options)
    if file.container is Container.ONNX:
        from gateviz.adapters.exported import deferred_graph

        return deferred_graph(file, options)
    return None


def holds_tensors(file: ModelFile) -> bool:
    """True for a file of named tensors, which ``file.checkpoint`` reads."""
    return file.container in TENSORS


def sniff_all(file: ModelFile, adapter: str | None = None) -> list[tuple[Adapter, Match]]:
    """What every adapter that may know the file says of it, the best match first.

    Raises:
        CheckpointError: the file cannot be read, or there is no adapter of the given name.
    """
    matches = [(candidate, candidate.sniff(file)) for candidate in _adapters_for(file, adapter)]
    return sorted(matches, key=lambda found: (found[1].ok, found[1].score, len(found[1].evidence)), reverse=True)


def _adapters_for(file: ModelFile, name: str | None) -> list[Adapter]:
    foreign = list(entry_points(group=ENTRY_POINT_GROUP))
    if name is not None:
        if name not in adapter_names():
            raise CheckpointError(f"there is no adapter {name!r}; there are {', '.join(adapter_names())}")
        foreign = [point for point in foreign if point.name == name]
    own = [entry for entry in _OWN if name in (None, entry.name)]
    found: list[Adapter] = [import_module(entry.module).ADAPTER for entry in own if file.container in entry.containers]
    for point in foreign:
        try:
            found.append(point.load())
        except Exception as error:
            raise CheckpointError(
                f"the adapter {point.name!r} of another package ({point.value}) cannot be imported: {error}; "
                f"mend or uninstall that package"
            ) from error
    if not found and own and not file.refusal:
        raise CheckpointError(f"{file.path} is a file of the kind {file.container}, which {own[0].name} does not read")
    return found


def _nothing_fits(file: ModelFile, matches: Sequence[tuple[Adapter, Match]]) -> str:
    """One sentence a lineage: what it asks for and this file does not have."""
    if file.refusal:
        return file.refusal
    if holds_tensors(file) and (refusal := refusal_by_keys(file.checkpoint.shapes)):
        return f"{file.path} {refusal}"
    said = []
    for adapter, match in matches[:_NEAREST]:
        missing = "; ".join(match.missing[:_LISTED])
        more = f"; and {len(match.missing) - _LISTED} more" if len(match.missing) > _LISTED else ""
        said.append(f"{adapter.name} ({match.score:.0%} found) misses {missing}{more}")
    if len(matches) > _NEAREST:
        said.append(
            f"{len(matches) - _NEAREST} more lineages fit no better; 'gateviz info' tells all, "
            f"and --factory loads a network that your own code builds"
        )
    return f"{file.path} fits no lineage that gateviz knows. " + ". ".join(said)
