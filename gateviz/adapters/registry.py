"""From a file to a recognizer: every adapter is asked, the one that knows the lineage builds.

An adapter is an object with a ``name``, a ``sniff`` and a ``build`` (``Adapter`` below). gateviz's own
stand in a table here and are imported when a file may be theirs; other packages add theirs by an
entry point of the group ``gateviz.adapters`` that names such an object.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from gateviz.adapters.declared import Declared, read_sidecar
from gateviz.adapters.door import reading
from gateviz.adapters.model_file import Container, ModelFile, open_model_file
from gateviz.adapters.refusals import refusal_by_keys
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError

if TYPE_CHECKING:
    import gateviz.capture.recognizer

ENTRY_POINT_GROUP = "gateviz.adapters"
_TENSORS = frozenset({Container.TORCH_ZIP, Container.TORCH_PICKLE, Container.SAFETENSORS})
_PADDLE = frozenset({Container.PADDLE_PARAMETERS, Container.PADDLE_INFERENCE})
_LISTED = 4
_TOLD = 2


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


@dataclass(frozen=True)
class LoadOptions:
    """What the user says of a checkpoint beyond the file itself.

    Attributes:
        alphabet: an alphabet, a file of symbols, or the symbols themselves; None where the
            checkpoint or its lineage knows.
        variant: which of the lineage's preprocessings, by name; None for its default.
        keep_ratio: keep the line's aspect where the lineage would stretch it to a fixed width.
        factory: the user's own code that builds the network, where no lineage knows it.
        declared: what the user says of that network.
    """

    alphabet: Alphabet | str | Path | None = None
    variant: str | None = None
    keep_ratio: bool = False
    factory: str | Callable[[], Any] | None = None
    declared: Declared = field(default_factory=Declared)

    def over_sidecar(self, checkpoint: Path) -> "LoadOptions":
        """These, and where they are silent those of ``NAME.gateviz.toml`` beside the checkpoint.

        Raises:
            CheckpointError: that file cannot be understood.
        """
        beside = read_sidecar(checkpoint)
        return LoadOptions(
            beside.alphabet if self.alphabet is None else self.alphabet,
            beside.variant if self.variant is None else self.variant,
            self.keep_ratio or beside.keep_ratio,
            self.factory,
            self.declared.over(beside.declared),
        )


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


@dataclass(frozen=True)
class _Entry:
    """An adapter of gateviz's own: the module whose ``ADAPTER`` it is, and the files that may be its."""

    name: str
    module: str
    containers: frozenset[Container]


_OWN = (
    _Entry("gateviz", "gateviz.adapters.gateviz_crnn", frozenset({Container.SAFETENSORS})),
    _Entry("crnn_pytorch", "gateviz.adapters.crnn_pytorch", _TENSORS),
    _Entry("gitycc", "gateviz.adapters.gitycc", _TENSORS),
    _Entry("courao", "gateviz.adapters.courao", _TENSORS),
    _Entry("mmocr", "gateviz.adapters.mmocr", _TENSORS),
    _Entry("modelscope", "gateviz.adapters.modelscope", _TENSORS),
    _Entry("belbes", "gateviz.adapters.belbes", _TENSORS),
    _Entry("doctr", "gateviz.adapters.doctr", _TENSORS),
    _Entry("clovaai", "gateviz.adapters.clovaai", _TENSORS),
    _Entry("easyocr", "gateviz.adapters.easyocr", _TENSORS),
    _Entry("kraken", "gateviz.adapters.kraken.adapter", frozenset({Container.SAFETENSORS, Container.CORE_ML})),
    _Entry("paddle", "gateviz.adapters.paddle", _TENSORS | _PADDLE),
    _Entry("tesseract", "gateviz.adapters.tesseract.adapter", frozenset({Container.TRAINEDDATA})),
    _Entry("onnx", "gateviz.adapters.onnx.adapter", frozenset({Container.ONNX})),
)


def adapter_names() -> tuple[str, ...]:
    """Name of every adapter, gateviz's own first."""
    foreign = (point.name for point in entry_points(group=ENTRY_POINT_GROUP))
    return (*(entry.name for entry in _OWN), *foreign)


def load_recognizer(
    path: str | Path | None,
    *,
    alphabet: Alphabet | str | Path | None = None,
    variant: str | None = None,
    keep_ratio: bool = False,
    adapter: str | None = None,
    factory: str | Callable[[], Any] | None = None,
    declared: Declared | None = None,
) -> "gateviz.capture.recognizer.Recognizer":
    """The recognizer in a checkpoint of any lineage that an adapter knows, or of a network that a factory builds.

    What stands in ``NAME.gateviz.toml`` beside the checkpoint holds where the arguments are silent.

    Args:
        path: the checkpoint; None where a factory loads its weights itself.
        alphabet: what the classes stand for, where the checkpoint does not say: an alphabet, a file
            of symbols, or the symbols themselves.
        variant: which of a lineage's preprocessings, by name.
        keep_ratio: keep the line's aspect where the lineage would stretch it to a fixed width.
        adapter: the lineage, where the choice should not be made from the file.
        factory: the user's own code that builds the network: ``package.module:build``,
            ``path/to/file.py:build``, or the function.
        declared: what the user says of that network.

    Raises:
        CheckpointError: the file holds no recognizer that an adapter can build; says what each
            adapter found missing, the nearest first.
        AlphabetError: the alphabet does not go with the network's classes.
    """
    options = LoadOptions(alphabet, variant, keep_ratio, factory, declared or Declared())
    file = None if path is None else open_model_file(path)
    if file is not None:
        with reading(file.path):
            options = options.over_sidecar(file.path)
    if options.factory is not None:
        if adapter is not None:
            raise CheckpointError(f"a factory and the adapter {adapter!r} were asked for; give one of them")
        # torch takes more than a second to import.
        from gateviz.adapters.factory import load_from_factory

        return load_from_factory(file, options)
    if file is None:
        raise CheckpointError("no checkpoint was named; give its path, or a factory that builds the network")
    with reading(file.path):
        matches = sniff_all(file, adapter)
        fitting = [(candidate, match) for candidate, match in matches if match.ok]
        if not fitting:
            raise CheckpointError(_nothing_fits(file, matches))
        chosen, _ = fitting[0]
        if said := options.declared.given:
            raise CheckpointError(
                f"{file.path} is a checkpoint of {chosen.name}, which knows its own {', '.join(said)}; "
                f"leave these out, or name the code that builds the network as a factory"
            )
        return chosen.build(file, options)


def holds_tensors(file: ModelFile) -> bool:
    """True for a file of named tensors, which ``file.checkpoint`` reads."""
    return file.container in _TENSORS


def sniff_all(file: ModelFile, adapter: str | None = None) -> list[tuple[Adapter, Match]]:
    """What every adapter that may know the file says of it, the best match first.

    Raises:
        CheckpointError: the file cannot be read, or there is no adapter of the given name.
    """
    adapters = _adapters_for(file, adapter)
    with reading(file.path):
        matches = [(candidate, candidate.sniff(file)) for candidate in adapters]
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
    told = []
    for adapter, match in matches[:_TOLD]:
        missing = "; ".join(match.missing[:_LISTED])
        more = f"; and {len(match.missing) - _LISTED} more" if len(match.missing) > _LISTED else ""
        told.append(f"{adapter.name} ({match.score:.0%} found) misses {missing}{more}")
    if len(matches) > _TOLD:
        told.append(
            f"{len(matches) - _TOLD} more lineages fit no better; 'gateviz info' tells all, "
            f"and --factory loads a network that your own code builds"
        )
    return f"{file.path} fits no lineage that gateviz knows. " + ". ".join(told)
