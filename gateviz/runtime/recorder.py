"""From line images to recordings by ONNX Runtime: prepare, run once with the gates as outputs, put everything in one place."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from gateviz.data.emission import Emission
from gateviz.data.gates import Direction, GateTrace, Quantity, quantity_of
from gateviz.data.provenance import Provenance
from gateviz.errors import SelectionError
from gateviz.geometry.canvas import Step
from gateviz.graphs.document import GraphLayer
from gateviz.graphs.recurrent_kinds import QUANTITIES, gate_output
from gateviz.graphs.source import ReadByGraph
from gateviz.lines.checks import require_frame_count, require_recorded
from gateviz.lines.on_the_way import LineImage, LineOnTheWay, batches, finished, prepared_lines, provenance_of
from gateviz.lines.recognizer import LineRecognizer
from gateviz.recording import Recording
from gateviz.runtime.posteriors import log_posteriors, require_log_posteriors
from gateviz.runtime.session import GraphSession, engine_name
from gateviz.runtime.witness import NEEDED, states_apart

VERSIONED = ("gateviz", "onnxruntime", "numpy")
_MOST_OPEN = 4


@runtime_checkable
class GraphRecognizer(LineRecognizer, ReadByGraph, Protocol):
    """A recognizer that a graph reads for."""


def record_lines(
    recognizer: GraphRecognizer,
    images: Sequence[tuple[LineImage, str]],
    *,
    layers: Collection[int] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    retouch: Sequence[Step] = (),
    remarks: Sequence[Sequence[str]] | None = None,
    witness: bool = True,
    batch_size: int = 16,
    progress: Callable[[int], object] | None = None,
) -> list[Recording]:
    """One recording a line image, in the order given: what ``capture.recorder.record_lines`` gives, within rounding.

    Lines whose network inputs have exactly one size run as a batch; no line is padded for the sake of a batch.

    Args:
        recognizer: what reads.
        images: line images, (H, W) gray or (H, W, 3) RGB, with the names that go into the provenance.
        layers: numbers of the layers to record; None for all.
        quantities: what to record; None for all.
        retouch: steps on the user's image before the recognizer's own recipe.
        remarks: what is already to be said of each image; what is found here is added to it.
        witness: hold the states of every recorded layer against its gates (``runtime.witness``).
        batch_size: most lines that run at once.
        progress: called with the number of lines just done.

    Raises:
        ImageError: an image cannot be brought to the network's input.
        SelectionError: a layer or quantity that this network does not have.
        GeometryError: the network's frames are not those of its geometry.
        CheckpointError: the graph does not run, or its posteriors are none.
        WitnessError: names the layer whose states are not those of its gates.
    """
    selection = _selected(recognizer.graph.layers, layers, quantities)
    run = _Run(recognizer, selection, witness)
    lines = prepared_lines(recognizer, images, retouch=retouch, remarks=remarks)
    recordings: dict[int, Recording] = {}
    # What is rounded by the range of all lines of a call would read each as its neighbors have it (``graphs.rounding``).
    for batch in batches(lines, 1 if recognizer.graph.rounded else batch_size):
        recordings.update(zip((line.position for line in batch), run.record(batch), strict=True))
        if progress is not None:
            progress(len(batch))
    return [recordings[position] for position in range(len(lines))]


@dataclass(frozen=True)
class _Selection:
    """What is recorded: some layers, and what of each."""

    layers: tuple[GraphLayer, ...]
    quantities: frozenset[Quantity] | None

    def of(self, layer: GraphLayer) -> tuple[Quantity, ...]:
        """The series of a layer, in their own order."""
        return tuple(each for each in QUANTITIES[layer.kind] if self.quantities is None or each in self.quantities)


def _selected(
    there: Sequence[GraphLayer], layers: Collection[int] | None, quantities: Collection[Quantity | str] | None
) -> _Selection:
    asked = None if quantities is None else frozenset(quantity_of(each) for each in quantities)
    numbers = sorted(layer.layer for layer in there)
    if missing := sorted(set(layers or ()) - set(numbers)):
        names = ", ".join(dict.fromkeys(layer.module for layer in there)) or "this network"
        recorded = sorted(set(layers or ()) & set(numbers))
        known = f"those of {names} are {numbers[0]} to {numbers[-1]}" if numbers else "there are none in it"
        raise SelectionError(
            f"layer {', '.join(map(str, missing))} was asked for and did not run; recorded are layers "
            f"{recorded or 'none'}, and {known}"
        )
    chosen = sorted(
        (layer for layer in there if layers is None or layer.layer in layers), key=lambda layer: layer.layer
    )
    selection = _Selection(tuple(chosen), asked)
    require_recorded({layer.layer: QUANTITIES[layer.kind] for layer in chosen}, None, asked)
    return selection


class _Run:
    """One call of ``record_lines``: an open graph with the outputs that it takes."""

    def __init__(self, recognizer: GraphRecognizer, selection: _Selection, witnessing: bool) -> None:
        self._recognizer = recognizer
        self._selection = selection
        self._witnessing = witnessing
        needed = {each for layer in selection.layers for each in selection.of(layer)}
        if witnessing:
            needed.update(each for layer in selection.layers for each in NEEDED[layer.kind])
        self._session = _opened(recognizer, frozenset(layer.layer for layer in selection.layers), frozenset(needed))

    def record(self, batch: Sequence[LineOnTheWay]) -> list[Recording]:
        """The recordings of lines of one input size."""
        graph, alphabet = self._recognizer.graph, self._recognizer.alphabet
        pixels = np.stack([line.pixels for line in batch]).astype(np.float32, copy=False)
        found = self._session.run(pixels)
        log_probs = log_posteriors(found[self._session.posteriors], alphabet, layout=graph.layout, output=graph.output)
        require_frame_count(log_probs.shape[1], batch[0].grids.output, pixels.shape[3])
        require_log_posteriors(log_probs, [line.name for line in batch])
        provenance = self._provenance(found)
        recordings = []
        for index, line in enumerate(batch):
            emission = Emission(np.array(log_probs[index]), alphabet)
            recordings.append(finished(line, self._traces(found, index), emission, provenance))
        return recordings

    def _provenance(self, found: Mapping[str, np.ndarray]) -> Provenance:
        engines = {layer.module: engine_name() for layer in self._selection.layers}
        provenance = provenance_of(self._recognizer.card, engines, device="cpu", packages=VERSIONED)
        if not self._witnessing:
            return provenance
        differences = [
            states_apart(
                layer.kind,
                way,
                {each: found[gate_output(layer.kind, layer.node, way, each)] for each in NEEDED[layer.kind]},
                f"layer {layer.layer} {way} ({layer.module})",
            )
            for layer in self._selection.layers
            for way in layer.directions
        ]
        return replace(provenance, witness=max(differences, default=0.0))

    def _traces(self, found: Mapping[str, np.ndarray], index: int) -> list[GateTrace]:
        """What every layer did on one line of the batch."""
        traces = []
        for layer in self._selection.layers:
            for way in layer.directions:
                values = {}
                for quantity in self._selection.of(layer):
                    series = found[gate_output(layer.kind, layer.node, way, quantity)][:, index]
                    values[quantity] = np.array(series[::-1] if layer.flipped else series, np.float32)
                # A node that is fed the line from its end reads it backward.
                seen = Direction.BACKWARD if layer.flipped and way is Direction.FORWARD else way
                traces.append(GateTrace(layer.layer, seen, values, layer.module))
        return traces


def _opened(recognizer: GraphRecognizer, layers: frozenset[int], quantities: frozenset[Quantity]) -> GraphSession:
    """The recognizer's graph with these outputs, kept for the next call."""
    kept, key = recognizer.graph.opened, (layers, quantities if layers else frozenset())
    session = kept.get(key)
    if not isinstance(session, GraphSession):
        session = GraphSession(recognizer.graph.content(layers, quantities))
        # Other threads may look at the same recognizer meanwhile.
        for old in list(kept)[: max(len(kept) + 1 - _MOST_OPEN, 0)]:
            kept.pop(old, None)
        kept[key] = session
    return session
