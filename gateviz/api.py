"""The two doors of the public face that bring a file to a recording: load a model, record a line."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from gateviz.adapters.core.options import LoadOptions, numbers
from gateviz.adapters.registry import load_recognizer
from gateviz.data.alphabet import Alphabet
from gateviz.data.gates import Quantity
from gateviz.files.folders import display_name
from gateviz.files.images import DEFAULT_MAX_PIXELS, as_line_image, open_line_image
from gateviz.files.models import default_model
from gateviz.files.pixels import DecodedLine
from gateviz.geometry.canvas import Deskew
from gateviz.geometry.preprocess import Clahe, Invert
from gateviz.lines.recognizer import asked_crop
from gateviz.recording import Recording
from gateviz.runtime.choice import chosen_engine

if TYPE_CHECKING:
    from gateviz.capture.edits import Edit
    from gateviz.capture.recognizer import Recognizer
else:
    # torch takes more than a second to import, and a recognizer that a graph reads for has no need of it.
    from gateviz.lines.recognizer import LineRecognizer as Recognizer

    Edit = object

Engine = Literal["auto", "torch", "onnx"]
LineImage = str | Path | np.ndarray
"""A line image as people have it: a file, or pixels of shape (H, W) gray or (H, W, 3) RGB."""


def load(
    checkpoint: str | Path | None = None,
    *,
    alphabet: Alphabet | str | Path | None = None,
    variant: str | None = None,
    keep_ratio: bool = False,
    adapter: str | None = None,
    factory: str | Callable[[], Any] | None = None,
    blank: int | None = None,
    height: int | None = None,
    width: int | None = None,
    channels: int | None = None,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
) -> Recognizer:
    """The recognizer in a checkpoint of any known lineage, or of a network that your own code builds.

    What stands in ``NAME.gateviz.toml`` beside the checkpoint ``NAME.pth`` holds where the arguments are silent.

    Args:
        checkpoint: a .pth, .pt, .safetensors or .traineddata file; None takes the model that
            comes with gateviz (English, digits and Chinese), or with a factory the weights that its
            module comes with.
        alphabet: what the classes stand for, where the checkpoint does not say: an alphabet, a file
            of symbols, or the symbols themselves.
        variant: which of a lineage's preprocessings, by name.
        keep_ratio: keep the line's aspect where the lineage would stretch it to a fixed width.
        adapter: the lineage, where the choice should not be made from the file.
        factory: for a network of no known lineage, the code that builds it: a function without
            arguments that returns a torch module, or where it is (``package.module:build`` or
            ``path/to/file.py:build``). The module maps (B, channels, height, W) to numbers of the
            classes, (T, B, C) or (B, T, C); the arguments below describe it.
        blank: the label of its blank; -1 is the last.
        height: rows of its input.
        width: columns that every line is stretched to; without it the width follows the aspect.
        channels: of its input, 1 (gray) or 3 (RGB); without it those of its first convolution.
        mean: taken from pixels between 0 and 1, one number or one a channel; without it 0.5.
        std: what they are then divided by, likewise.

    Raises:
        CheckpointError: the file holds no recognizer that gateviz can build.
        AlphabetError: the alphabet does not go with the network's classes.
    """
    options = LoadOptions(
        alphabet=alphabet, variant=variant, keep_ratio=keep_ratio, adapter=adapter, factory=factory, blank=blank,
        height=height, width=width, channels=channels, mean=numbers(mean), std=numbers(std),
    )  # fmt: skip
    return load_recognizer(default_model() if checkpoint is None and factory is None else checkpoint, options)


@overload
def record(  # type: ignore[overload-overlap]  # a str is a sequence of str, and taken for a file
    recognizer: Recognizer,
    images: LineImage,
    *,
    edits: Sequence[Edit] = (),
    layers: Collection[int] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    invert: bool = False,
    deskew: bool = False,
    clahe: bool = False,
    crop: bool | None = None,
    witness: bool = True,
    engine: Engine = "auto",
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Recording: ...


@overload
def record(
    recognizer: Recognizer,
    images: Sequence[LineImage],
    *,
    edits: Sequence[Edit] = (),
    layers: Collection[int] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    invert: bool = False,
    deskew: bool = False,
    clahe: bool = False,
    crop: bool | None = None,
    witness: bool = True,
    engine: Engine = "auto",
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> list[Recording]: ...


def record(
    recognizer: Recognizer,
    images: LineImage | Sequence[LineImage],
    *,
    edits: Sequence[Edit] = (),
    layers: Collection[int] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    invert: bool = False,
    deskew: bool = False,
    clahe: bool = False,
    crop: bool | None = None,
    witness: bool = True,
    engine: Engine = "auto",
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Recording | list[Recording]:
    """The recording of a line image; of a list of them, the list of recordings, read in batches.

    Args:
        recognizer: what ``load`` returned, or any other ``capture.recognizer.Recognizer``.
        images: a file, an array (uint8, (H, W) gray or (H, W, 3) RGB), or a list of either.
        edits: changes of the run, made by ``clamp``, ``ablate``, ``scale`` and ``patch``.
        layers: record these layers only.
        quantities: record these series only.
        invert: the text is light on dark ground.
        deskew: turn the line level first, where it slopes a little; one that slopes less than can be seen stays
            as it is (``Deskew``), which its recording's ``remarks`` say.
        clahe: equalize the contrast first (contrast-limited adaptive histogram equalization).
        crop: cut loosely cropped lines to their ink, or leave them as they are; None does what the model was
            made for.
        witness: compare the recorded run with that of the plain layers (torch), or the states of the graph's own layers
            with what the recorded gates come to (ONNX Runtime).
        engine: ``torch`` or ``onnx`` (ONNX Runtime, whose gates are the same within 1e-5); ``auto`` takes ONNX Runtime
            where the recognizer has a graph, nobody has used its torch ``module``, and no edits are asked for.
        max_pixels: refuse larger image files before they are decoded.

    Raises:
        ImageError: an image cannot be read, or not be brought to the network's input.
        SelectionError: a layer, quantity or edit that this network or line does not have, or an engine that cannot do it.
        WitnessError: the recorded run is not the plain one.
    """
    single = isinstance(images, str | Path | np.ndarray)
    several = [images] if isinstance(images, str | Path | np.ndarray) else list(images)
    decoded = [_decoded(image, max_pixels) for image in several]
    asked = ((invert, Invert()), (deskew, Deskew()), (clahe, Clahe()))
    recognizer, cropping = asked_crop(recognizer, crop)
    named = [(line.pixels, _name(image)) for image, line in zip(several, decoded, strict=True)]
    retouch = [*(step for wanted, step in asked if wanted), *cropping]
    remarks = [line.remarks for line in decoded]
    if chosen_engine(recognizer, engine, edited=bool(edits)).onnx:
        from gateviz.runtime.recorder import record_lines as record_by_graph

        recordings = record_by_graph(
            recognizer,  # type: ignore[arg-type]  # whoever reads by a graph has one
            named,
            layers=layers,
            quantities=quantities,
            retouch=retouch,
            remarks=remarks,
            witness=witness,
        )
    else:
        from gateviz.capture.recorder import record_lines

        recordings = record_lines(
            recognizer,
            named,
            layers=layers,
            quantities=quantities,
            edits=edits,
            retouch=retouch,
            remarks=remarks,
            witness=witness,
        )
    return recordings[0] if single else recordings


def _decoded(image: LineImage, max_pixels: int) -> DecodedLine:
    if isinstance(image, np.ndarray):
        return DecodedLine(as_line_image(image))
    return open_line_image(image, max_pixels=max_pixels)


def _name(image: LineImage) -> str:
    """What goes into the provenance."""
    return "" if isinstance(image, np.ndarray) else display_name(image)
