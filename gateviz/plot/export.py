"""A figure becomes a file: whole or not at all, with its provenance inside."""

import io
from collections.abc import Mapping
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gateviz.errors import OutputError
from gateviz.files.atomic import written_whole
from gateviz.plot.canvas import metadata_for, settings

FORMATS = ("png", "pdf", "svg")


def save_figure(
    figure: Figure,
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002  (matplotlib's own word)
    metadata: Mapping[str, str] | None = None,
    dpi: float | int | None = None,
) -> None:
    """Write a figure as PNG, PDF or SVG, whole or not at all.

    Args:
        figure: what ``gateviz.plot`` returned.
        path: where; what is there is replaced.
        format: ``png``, ``pdf`` or ``svg``; None takes the suffix of ``path``.
        metadata: facts for the file's metadata, beside those of the figure.
        dpi: pixels an inch; None takes the style's.

    Raises:
        OutputError: the format is none of the three, or the file cannot be written.
    """
    kind = checked_format(path, format)
    facts = {**getattr(figure, "facts", {}), **(metadata or {})}
    fields = metadata_for(kind, facts)
    with written_whole(path) as temporary:
        if kind == "png":
            _write_png(figure, temporary, fields, dpi or figure.dpi)
        else:
            stream = io.BytesIO()
            figure.savefig(stream, format=kind, metadata=fields, dpi=dpi or figure.dpi)
            temporary.write_bytes(stream.getvalue())


def checked_format(path: str | Path, kind: str | None = None) -> str:
    """The format of a file, from its name where none is given.

    Raises:
        OutputError: lists the formats there are.
    """
    found = (kind or Path(path).suffix.removeprefix(".")).lower()
    if found not in FORMATS:
        asked = f"the format {kind!r}" if kind else f"the name {Path(path).name!r}"
        raise OutputError(f"a figure cannot be written by {asked}; choose one of {', '.join(FORMATS)}")
    return found


def _write_png(figure: Figure, path: Path, fields: Mapping[str, str], dpi: float | int) -> None:
    """Lay out and draw once, straight into the file: ``savefig`` would do both twice."""
    before, canvas = figure.dpi, figure.canvas
    with settings():
        try:
            figure.dpi = dpi
            # Pixels repeat in long runs, so more effort in packing them takes time and saves little.
            drawn = FigureCanvasAgg(figure)
            drawn.print_png(path, metadata=dict(fields), pil_kwargs={"compress_level": 3})  # type: ignore[no-untyped-call]
        finally:
            figure.dpi = before
            figure.set_canvas(canvas)
