"""The doors of the public face to what is interactive: one line under one's fingers, many lines to flip through."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateviz.recording import Recording

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
    from gateviz.geometry.canvas import Step
    from gateviz.widget.gallery import Gallery
    from gateviz.widget.jupyter import RecordingExplorer

# Pixels an inch of the picture that a saved notebook keeps: enough to read, and a tenth of the paper's bytes.
STILL_DPI = 110


def explore(
    recording: Recording,
    versus: Recording | None = None,
    *,
    recognizer: "Recognizer | None" = None,
    invert: bool = False,
    deskew: bool = False,
    clahe: bool = False,
    crop: bool | None = None,
    trace: str | None = None,
    quantities: Sequence[str] | None = None,
    order: str = "index",
    selected_units: Sequence[int] = (),
    columns: Sequence[float | int] = (),
    view: str | None = None,
    theme: str = "auto",
    exact: bool = False,
    title: str = "",
    still: bool = True,
) -> "RecordingExplorer":
    """The interactive explorer of a recording, for Jupyter; its ``to_html`` writes one file that needs no network.

    Args:
        recording: the line.
        versus: another recording to see beside it: of another image, by another model, or with edits.
        recognizer: what made the recording; with it gates can be held and the line is read again.
        invert: as it was recorded, for reading again.
        deskew: as it was recorded.
        clahe: as it was recorded.
        crop: as it was recorded.
        trace: layer and direction shown at first, such as ``1.forward``; None takes the last layer, forward.
        quantities: shown at first, by name or letter; None takes all.
        order: of the units at first: ``index``, ``peak``, ``similarity``, ``timescale`` or ``selectivity``.
        selected_units: at first.
        columns: [start, stop) at first, in columns of the line image; empty for none.
        view: ``first``, ``second``, ``both`` or ``difference`` of two recordings.
        theme: ``auto``, ``light`` or ``dark``.
        exact: send float32 values to the browser, not 8 bits.
        title: above the explorer; empty takes the text.
        still: keep a picture in the saved notebook too, for where no widget runs (GitHub, nbviewer).

    Raises:
        MissingExtraError: anywidget is not installed.
        SelectionError: the recording has no traces, cannot be read again, or has not what was chosen.
    """
    from gateviz.widget.jupyter import RecordingExplorer

    retouch: Sequence[Step] = ()
    if recognizer is not None:
        recognizer, retouch = _as_recorded(recognizer, invert=invert, deskew=deskew, clahe=clahe, crop=crop)
    return RecordingExplorer(
        recording,
        versus,
        recognizer=recognizer,
        retouch=retouch,
        exact=exact,
        title=title,
        still=still_picture if still else None,
        trace=trace,
        quantities=quantities,
        order=order,
        selected_units=selected_units,
        columns=columns,
        view=view,
        theme=theme,
    )


def gallery(
    recordings: Sequence[Recording], *, recognizer: "Recognizer | None" = None, exact: bool = False
) -> "Gallery":
    """Many recordings in one explorer: buttons, a slider and a list of texts go from line to line.

    Args:
        recordings: at least one.
        recognizer: what made them, as for ``explore``.
        exact: as for ``explore``.

    Raises:
        MissingExtraError: anywidget or ipywidgets is not installed.
        SelectionError: there is no recording, or one has no traces.
    """
    from gateviz.widget.gallery import Gallery, checked

    lines = checked(recordings)
    return Gallery(lines, explore(lines[0], recognizer=recognizer, exact=exact))


def still_picture(recording: Recording, trace: str, quantities: Sequence[str]) -> bytes:
    """What an explorer shows, as a PNG: drawn by ``gateviz.plot``, for where no widget runs."""
    from gateviz.plot.figures import gates, overview

    layer, _, direction = trace.partition(".")
    there = [name for name in quantities if name in recording.trace(int(layer), direction).values]
    figure = (
        gates(recording, layers=[int(layer)], directions=[direction], quantities=there)
        if there
        else overview(recording)
    )
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=STILL_DPI)
    return stream.getvalue()


def _as_recorded(
    recognizer: "Recognizer", *, invert: bool, deskew: bool, clahe: bool, crop: bool | None
) -> "tuple[Recognizer, Sequence[Step]]":
    """What reads a line again as it was recorded, and what is done to its image first."""
    from gateviz.geometry.canvas import Deskew
    from gateviz.geometry.preprocess import Clahe, Invert
    from gateviz.lines.recognizer import asked_crop

    recognizer, cropping = asked_crop(recognizer, crop)
    steps = [step for wanted, step in ((invert, Invert()), (deskew, Deskew()), (clahe, Clahe())) if wanted]
    return recognizer, [*steps, *cropping]
