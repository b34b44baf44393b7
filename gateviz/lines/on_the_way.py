"""From line images to what a network is fed, and from what it gave to recordings: the same way for every engine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
from jaxtyping import Float, UInt8

from gateviz.ctc.greedy import greedy
from gateviz.data.emission import Emission
from gateviz.data.gates import GateTrace
from gateviz.data.provenance import Provenance
from gateviz.errors import GatevizError
from gateviz.geometry.canvas import Step
from gateviz.geometry.preprocess import Preprocess
from gateviz.lines.grids import LineGrids, line_grids
from gateviz.lines.recognizer import LineRecognizer, RecognizerCard
from gateviz.lines.remarks import Fit, fit_of, line_remarks
from gateviz.recording import Recording

LineImage = UInt8[np.ndarray, "_ _ ..."]


@dataclass(frozen=True, eq=False)
class LineOnTheWay:
    """One line between its image and its recording.

    Attributes:
        position: among the lines of the call.
        name: of the image, for the provenance.
        image: the user's, or what the network saw of it.
        pixels: the network's input.
        grids: its frames in columns of ``image``.
        recipe_image: what the recognizer's recipe was given.
        fit: how that came into the network.
        remarks: what is to be said of it so far.
        seen_words: what was done to the user's image to make ``image``.
    """

    position: int
    name: str
    image: LineImage
    pixels: Float[np.ndarray, "channels height width"]
    grids: LineGrids
    recipe_image: LineImage
    fit: Fit
    remarks: tuple[str, ...]
    seen_words: str = ""


def prepared_lines(
    recognizer: LineRecognizer,
    images: Sequence[tuple[LineImage, str]],
    *,
    retouch: Sequence[Step] = (),
    remarks: Sequence[Sequence[str]] | None = None,
) -> list[LineOnTheWay]:
    """The lines as a recognizer wants them, in the order given.

    Args:
        recognizer: what will read them.
        images: line images, (H, W) gray or (H, W, 3) RGB, with their names.
        retouch: steps on the user's image before the recognizer's own recipe.
        remarks: what is already to be said of each image.

    Raises:
        ImageError: an image cannot be brought to the network's input.
        GeometryError: it gives no frame.
    """
    steps = Preprocess(tuple(retouch))
    lines = [_prepared(recognizer, position, named, steps) for position, named in enumerate(images)]
    if remarks is None:
        return lines
    return [replace(line, remarks=(*said, *line.remarks)) for line, said in zip(lines, remarks, strict=True)]


def _prepared(
    recognizer: LineRecognizer, position: int, named: tuple[LineImage, str], retouch: Preprocess
) -> LineOnTheWay:
    image, name = named
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
    return LineOnTheWay(
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


def batches(lines: Sequence[LineOnTheWay], most: int) -> Iterator[list[LineOnTheWay]]:
    """Lines of one input size, at most ``most`` together; sizes in the order in which they first appear."""
    groups: dict[tuple[int, ...], list[LineOnTheWay]] = {}
    for line in lines:
        groups.setdefault(tuple(line.pixels.shape), []).append(line)
    for group in groups.values():
        for start in range(0, len(group), most):
            yield group[start : start + most]


def finished(line: LineOnTheWay, traces: Sequence[GateTrace], emission: Emission, provenance: Provenance) -> Recording:
    """The recording of a line that was read.

    Args:
        line: as it was prepared.
        traces: of its layers, without their grids.
        emission: its posteriors.
        provenance: of its batch: all but what is the line's own.
    """
    # What an edit does to a reading is what was asked for, and speaks neither for nor against the line.
    found = () if provenance.edits else line_remarks(line.recipe_image, line.fit, emission, greedy(emission))
    origin = replace(provenance, image=line.name, seen=line.seen_words, remarks=line.remarks + found)
    placed = tuple(replace(trace, grid=line.grids.of(trace.module)) for trace in traces)
    return Recording(line.image, line.grids.output, placed, emission, origin)


def provenance_of(
    card: RecognizerCard, engines: Mapping[str, str], *, device: str, packages: Sequence[str]
) -> Provenance:
    """Where a batch's recordings come from, all but the lines' own.

    Args:
        card: of the recognizer.
        engines: what recorded each recurrent module.
        device: where the network ran.
        packages: those that had a part in the numbers.
    """
    return Provenance(
        adapter=card.lineage,
        checkpoint=card.checkpoint,
        checkpoint_sha256=card.checkpoint_sha256,
        device=device,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        engine=engines,
        versions={name: version(name) for name in packages},
    )
