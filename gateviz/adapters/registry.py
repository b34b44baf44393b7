"""From a file to a recognizer: every adapter is asked, the one that knows the lineage builds.

An adapter is an object with a ``name``, a ``sniff`` and a ``build`` (``Adapter`` below). gateviz's own
stand in a table here and are imported when a file may be theirs; other packages add theirs by an
entry point of the group ``gateviz.adapters`` that names such an object.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from gateviz.adapters.model_file import Container, ModelFile, open_model_file
from gateviz.adapters.refusals import refusal_by_keys
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError

if TYPE_CHECKING:
    import gateviz.capture.recognizer

ENTRY_POINT_GROUP = "gateviz.adapters"
_TENSORS = frozenset({Container.TORCH_ZIP, Container.TORCH_PICKLE, Container.SAFETENSORS})
_LISTED = 4


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
    """

    alphabet: Alphabet | str | Path | None = None
    variant: str | None = None
    keep_ratio: bool = False


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
    _Entry("tesseract", "gateviz.adapters.tesseract.adapter", frozenset({Container.TRAINEDDATA})),
)


def adapter_names() -> tuple[str, ...]:
    """Name of every adapter, gateviz's own first."""
    foreign = (point.name for point in entry_points(group=ENTRY_POINT_GROUP))
    return (*(entry.name for entry in _OWN), *foreign)


def load_recognizer(
    path: str | Path,
    *,
    alphabet: Alphabet | str | Path | None = None,
    variant: str | None = None,
    keep_ratio: bool = False,
    adapter: str | None = None,
) -> "gateviz.capture.recognizer.Recognizer":
    """The recognizer in a checkpoint of any lineage that an adapter knows.

    Args:
        path: the checkpoint.
        alphabet: what the classes stand for, where the checkpoint does not say: an alphabet, a file
            of symbols, or the symbols themselves.
        variant: which of a lineage's preprocessings, by name.
        keep_ratio: keep the line's aspect where the lineage would stretch it to a fixed width.
        adapter: the lineage, where the choice should not be made from the file.

    Raises:
        CheckpointError: the file holds no recognizer that an adapter can build; says what each
            adapter found missing, the nearest first.
        AlphabetError: the alphabet does not go with the network's classes.
    """
    file = open_model_file(path)
    matches = sniff_all(file, adapter)
    fitting = [(candidate, match) for candidate, match in matches if match.ok]
    if not fitting:
        raise CheckpointError(_nothing_fits(file, matches))
    chosen, _ = fitting[0]
    return chosen.build(file, LoadOptions(alphabet, variant, keep_ratio))


def sniff_all(file: ModelFile, adapter: str | None = None) -> list[tuple[Adapter, Match]]:
    """What every adapter that may know the file says of it, the best match first.

    Raises:
        CheckpointError: the file cannot be read, or there is no adapter of the given name.
    """
    adapters = _adapters_for(file, adapter)
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
    if file.container in _TENSORS and (refusal := refusal_by_keys(file.checkpoint.shapes)):
        return f"{file.path} {refusal}"
    told = []
    for adapter, match in matches:
        missing = "; ".join(match.missing[:_LISTED])
        more = f"; and {len(match.missing) - _LISTED} more" if len(match.missing) > _LISTED else ""
        told.append(f"{adapter.name} ({match.score:.0%} found) misses {missing}{more}")
    return f"{file.path} fits no lineage that gateviz knows. " + ". ".join(told)
