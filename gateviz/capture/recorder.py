"""From line images to recordings: prepare, run once with the gates open, put everything in one place."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
import torch
from jaxtyping import Float, UInt8

from gateviz.capture.edit_plan import EditPlan
from gateviz.capture.edits import Edit
from gateviz.capture.layer_grids import LineGrids, line_grids
from gateviz.capture.line_remarks import Fit, fit_of, line_remarks
from gateviz.capture.recognizer import Recognizer
from gateviz.capture.run_checks import require_frames, require_order, require_posteriors, require_selection
from gateviz.capture.traces import Traces
from gateviz.capture.tracing import trace_gates
from gateviz.capture.witness import check_calls
from gateviz.ctc.greedy import greedy
from gateviz.data.emission import Emission
from gateviz.data.gates import GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.errors import CheckpointError, GatevizError
from gateviz.geometry.canvas import Step
from gateviz.geometry.preprocess import Preprocess
from gateviz.recording import Recording

LineImage = UInt8[np.ndarray, "_ _ ..."]
VERSIONED = ("gateviz", "torch", "numpy")


def record_lines(
    recognizer: Recognizer,
    images: Sequence[tuple[LineImage, str]],
    *,
    layers: Collection[int] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    edits: Sequence[Edit] = (),
    retouch: Sequence[Step] = (),
    remarks: Sequence[Sequence[str]] | None = None,
    witness: bool = True,
    batch_size: int = 16,
    progress: Callable[[int], object] | None = None,
) -> list[Recording]:
    """One recording a line image, in the order given.

    Lines whose network inputs have exactly one size run as a batch; no line is padded for the sake of a
    batch, so a line's numbers do not depend on its neighbors.

    The witness (``capture.witness``) runs the plain layers once more, which takes as long as they took. It
    does so for the first batch of a call, and again only where a later batch was run by other engines;
    every recording carries the witness of its engines. Edited runs have none.

    Args:
        recognizer: what reads; its network runs where it lies and is not changed.
        images: line images, (H, W) gray or (H, W, 3) RGB, with the names that go into the provenance.
        layers: numbers of the layers to record; None for all.
        quantities: what to record; None for all.
        edits: changes of the run, applied in this order to every line; each must have its effect on each.
        retouch: steps on the user's image before the recognizer's own recipe, such as ``Deskew()``,
            ``Clahe()`` or ``Invert()``.
        remarks: what is already to be said of each image (``data.remarks``), such as how its file had to be
            decoded; what is found here is added to it.
        witness: compare with the plain layers.
        batch_size: most lines that run at once.
        progress: called with the number of lines just done.

    Raises:
        ImageError: an image cannot be brought to the network's input.
        SelectionError: a layer, quantity or edit that this network or a line does not have.
        GeometryError: the network's frames are not those of its geometry.
        CheckpointError: the network is in training mode, or its posteriors are none.
        WitnessError: names the layer in which the recorded run is not the plain one.
    """
    if recognizer.module.training:
        raise CheckpointError("the recognizer's network is in training mode, and reading would change it; call .eval()")
    session = _Session(recognizer, layers, quantities, tuple(edits), witness)
    lines = [
        _prepared(recognizer, position, image, name, Preprocess(tuple(retouch)))
        for position, (image, name) in enumerate(images)
    ]
    if remarks is not None:
        lines = [replace(line, remarks=(*said, *line.remarks)) for line, said in zip(lines, remarks, strict=True)]
    recordings: dict[int, Recording] = {}
    for batch in _batches(lines, batch_size):
        recordings.update(zip((line.position for line in batch), session.record(batch), strict=True))
        if progress is not None:
            progress(len(batch))
    return [recordings[position] for position in range(len(lines))]


@dataclass(frozen=True, eq=False)
class _Line:
    """One line on its way: the image (the user's, or what the network saw of it), its input, its frames in columns of the image."""

    position: int
    name: str
    image: LineImage
    pixels: Float[torch.Tensor, "channels height width"]
    grids: LineGrids
    recipe_image: LineImage
    fit: Fit
    remarks: tuple[str, ...]
    seen_words: str = ""


def _prepared(recognizer: Recognizer, position: int, image: LineImage, name: str, retouch: Preprocess) -> _Line:
    try:
        touched = retouch.apply(image)
        line = recognizer.prepare(touched.pixels)
        grids = line_grids(recognizer, int(line.pixels.shape[2]))
    except GatevizError as error:
        raise type(error)(f"{name or f'line {position}'}: {error}") from error
    if line.seen is not None:
        shown, placed = line.seen, grids.mapped(line.to_source, line.source_width)
    else:
        shown, placed = image, grids.mapped(line.to_source.then(touched.to_source), int(image.shape[1]))
    return _Line(
        position,
        name,
        shown,
        line.pixels,
        placed,
        recipe_image=touched.pixels,
        fit=fit_of(touched.pixels, line, grids.output.frame_count),
        remarks=touched.remarks + line.remarks,
        seen_words=line.seen_words,
    )


def _placed(trace: GateTrace, grids: LineGrids) -> GateTrace:
    """The trace with the columns of its own layer."""
    return replace(trace, grid=grids.of(trace.module))


def _batches(lines: Sequence[_Line], most: int) -> Iterator[list[_Line]]:
    """Lines of one input size, at most ``most`` together; sizes in the order in which they first appear."""
    groups: dict[tuple[int, ...], list[_Line]] = {}
    for line in lines:
        groups.setdefault(tuple(line.pixels.shape), []).append(line)
    for group in groups.values():
        for start in range(0, len(group), most):
            yield group[start : start + most]


class _Session:
    """One call of ``record_lines``: what is asked for, and which engines the witness has seen."""

    def __init__(
        self,
        recognizer: Recognizer,
        layers: Collection[int] | None,
        quantities: Collection[Quantity | str] | None,
        edits: tuple[Edit, ...],
        witness: bool,
    ) -> None:
        self._recognizer = recognizer
        self._layers = layers
        self._quantities = quantities
        self._edits = edits
        self._witnessing = witness and not edits
        self._witnessed: dict[tuple[tuple[str, str], ...], float] = {}
        parameter = next(recognizer.module.parameters(), None)
        self._device = torch.device("cpu") if parameter is None else parameter.device

    def record(self, batch: Sequence[_Line]) -> list[Recording]:
        """The recordings of lines of one input size."""
        pixels = torch.stack([line.pixels for line in batch]).to(self._device)
        own = [line.grids.of_layers(self._recognizer.module) for line in batch]
        plan = EditPlan(self._edits, [line.grids.output for line in batch], own)
        log_probs, traces = self._run(pixels, plan)
        plan.finish()
        names = [line.name for line in batch]
        require_posteriors(log_probs, names, self._recognizer.module, edited=bool(plan))
        require_frames(log_probs, traces, batch[0].grids.output, pixels.shape[3])
        require_order(traces, self._recognizer.module, tuple(batch[0].grids.modules))
        require_selection(traces, self._layers, self._quantities)
        provenance = self._provenance(traces)
        emissions = log_probs.to("cpu", torch.float32).numpy()
        recordings = []
        for index, line in enumerate(batch):
            emission = Emission(np.array(emissions[index]), self._recognizer.alphabet)
            # What an edit does to a reading is what was asked for, and speaks neither for nor against the line.
            found = () if self._edits else line_remarks(line.recipe_image, line.fit, emission, greedy(emission))
            origin = replace(provenance, image=line.name, seen=line.seen_words, remarks=line.remarks + found)
            placed = tuple(_placed(trace, line.grids) for trace in traces.line(index))
            recordings.append(Recording(line.image, line.grids.output, placed, emission, origin))
        return recordings

    @torch.no_grad()
    def _run(self, pixels: torch.Tensor, plan: EditPlan) -> tuple[torch.Tensor, Traces]:
        """Log posteriors and traces of one batch."""
        modules = getattr(self._recognizer, "traced_modules", None)
        if modules == ():
            return self._recognizer.log_probs(pixels), Traces(())
        with trace_gates(
            self._recognizer.module,
            layers=self._layers,
            quantities=self._quantities,
            edits=plan,
            modules=modules,
            reversed_modules=getattr(self._recognizer, "reversed_modules", ()),
            keep_calls=self._witnessing,
        ) as traces:
            log_probs = self._recognizer.log_probs(pixels)
        return log_probs, traces

    def _provenance(self, traces: Traces) -> Provenance:
        """Where the recordings of this batch come from, all but the image."""
        engines: dict[str, str] = {}
        for trace in traces:
            engine = str(trace.engine)
            known = engines.setdefault(trace.module, engine)
            if engine not in known.split(", "):
                engines[trace.module] = f"{known}, {engine}"
        card = self._recognizer.card
        return Provenance(
            adapter=card.lineage,
            checkpoint=card.checkpoint,
            checkpoint_sha256=card.checkpoint_sha256,
            device=str(self._device),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            engine=engines,
            witness=self._witness(traces, engines) if self._witnessing else None,
            edits=tuple(edit.sentence() for edit in self._edits),
            versions={name: version(name) for name in VERSIONED},
        )

    def _witness(self, traces: Traces, engines: dict[str, str]) -> float:
        """The largest difference that the witness found of these engines."""
        key = tuple(engines.items())
        if key not in self._witnessed:
            self._witnessed[key] = check_calls(traces.calls).largest_difference
        return self._witnessed[key]
