"""From line images to recordings: prepare, run once with the gates open, put everything in one place."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
import torch

from gateviz.capture.edit_plan import EditPlan
from gateviz.capture.edits import Edit
from gateviz.capture.layer_grids import grids_of_layers
from gateviz.capture.recognizer import Recognizer
from gateviz.capture.run_checks import require_frames, require_order, require_posteriors, require_selection
from gateviz.capture.traces import Traces
from gateviz.capture.tracing import trace_gates
from gateviz.capture.witness import check_calls
from gateviz.data.emission import Emission
from gateviz.data.gates import Quantity
from gateviz.data.provenance import Provenance
from gateviz.errors import CheckpointError
from gateviz.geometry.canvas import Step
from gateviz.lines.on_the_way import LineImage, LineOnTheWay, batches, finished, prepared_lines, provenance_of
from gateviz.recording import Recording

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
    lines = prepared_lines(recognizer, images, retouch=retouch, remarks=remarks)
    recordings: dict[int, Recording] = {}
    for batch in batches(lines, batch_size):
        recordings.update(zip((line.position for line in batch), session.record(batch), strict=True))
        if progress is not None:
            progress(len(batch))
    return [recordings[position] for position in range(len(lines))]


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

    def record(self, batch: Sequence[LineOnTheWay]) -> list[Recording]:
        """The recordings of lines of one input size."""
        pixels = torch.from_numpy(np.stack([line.pixels for line in batch])).to(self._device)
        own = [grids_of_layers(line.grids, self._recognizer.module) for line in batch]
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
            recordings.append(finished(line, traces.line(index), emission, provenance))
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
        return replace(
            provenance_of(self._recognizer.card, engines, device=str(self._device), packages=VERSIONED),
            witness=self._witness(traces, engines) if self._witnessing else None,
            edits=tuple(edit.sentence() for edit in self._edits),
        )

    def _witness(self, traces: Traces, engines: dict[str, str]) -> float:
        """The largest difference that the witness found of these engines."""
        key = tuple(engines.items())
        if key not in self._witnessed:
            self._witnessed[key] = check_calls(traces.calls).largest_difference
        return self._witnessed[key]
