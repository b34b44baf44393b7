"""The figure that gateviz returns, the bare axes that its painters draw in, and its colors."""

import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import RLock
from typing import IO, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation, Transform

from gateviz.files.atomic import write_whole
from gateviz.files.json_text import json_text
from gateviz.files.printable import printable
from gateviz.panels.colors import ENDS, HAIRLINE, INK, ramp
from gateviz.panels.panel import Palette, Panel
from gateviz.plot.fonts import base_face, look_again
from gateviz.plot.missing import said_once
from gateviz.plot.style import Style

# matplotlib keeps its settings in one dictionary for the whole process.
_SETTINGS = RLock()


@contextmanager
def settings(*, pdf_font_type: int = 42) -> Iterator[None]:
    """matplotlib's settings as gateviz needs them, whatever the user's are, for the block alone.

    Warns:
        GlyphWarning: code points were drawn for characters that no font has.
    """
    look_again()
    wanted: dict[Any, Any] = {
        "text.usetex": False,
        "font.family": [base_face().name],
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.facecolor": "none",
        "axes.grid": False,
        "axes.autolimit_mode": "data",
        "axes.xmargin": 0.0,
        "axes.ymargin": 0.0,
        "axes.titlecolor": "auto",
        "xtick.color": INK,
        "xtick.labelcolor": "inherit",
        "xtick.direction": "out",
        "ytick.color": INK,
        "ytick.labelcolor": "inherit",
        "ytick.direction": "out",
        "figure.facecolor": "white",
        "image.composite_image": False,
        "image.resample": True,
        "savefig.bbox": None,
        "savefig.facecolor": "auto",
        "savefig.edgecolor": "auto",
        "savefig.transparent": False,
        "pdf.fonttype": pdf_font_type,
        "pdf.compression": 9,
        "pdf.use14corefonts": False,
        "svg.fonttype": "none",
        "svg.image_inline": True,
    }
    with _SETTINGS, said_once(), mpl.rc_context(wanted):
        yield


def metadata_for(kind: str, facts: Mapping[str, str]) -> dict[str, str]:
    """The facts in the fields that a format has; all of them as JSON in one field.

    Characters that no format takes, such as controls and halves of surrogate pairs, are written by their codes.
    """
    title = printable(facts.get("text") or facts.get("image") or "gate activations")
    maker = _maker(facts)
    document = json_text(dict(sorted(facts.items())))
    if kind == "pdf":
        return {"Title": title, "Creator": maker, "Subject": _sentence(facts), "Keywords": document}
    if kind == "svg":
        return {"Title": title, "Creator": maker, "Description": document}
    if kind == "png":
        return {"Title": title, "Software": maker, "Description": _sentence(facts), "gateviz": document}
    return {}


def _maker(facts: Mapping[str, str]) -> str:
    version = json.loads(facts.get("versions", "{}")).get("gateviz", "")
    return f"gateviz {version}".strip()


def _sentence(facts: Mapping[str, str]) -> str:
    model = " ".join(filter(None, (facts.get("adapter"), facts.get("checkpoint"))))
    return printable(f"What the gates of {model or 'a recurrent network'} did on {facts.get('image') or 'one line'}")


class GateFigure(Figure):
    """A matplotlib Figure that saves itself with real text, embedded fonts and its provenance.

    Attributes:
        facts: the provenance, which goes into the metadata of every file.
        pdf_font_type: how fonts are embedded in a PDF: 42, or 3 for fonts with PostScript outlines.
        placed: the axes of a picture of panels from top to bottom, each with the panels drawn in it.
    """

    facts: Mapping[str, str]
    pdf_font_type: int
    placed: tuple[tuple[Axes, tuple[Panel, ...]], ...] = ()

    def savefig(self, fname: Any, *, transparent: bool | None = None, **kwargs: Any) -> None:
        """Draw into a file or stream, as ``Figure.savefig`` does; a file is written whole or not at all.

        Raises:
            OutputError: the file cannot be written.
        """
        path = Path(fname) if isinstance(fname, str | os.PathLike) else None
        suffix = path.suffix.lower().removeprefix(".") if path is not None else ""
        kind = kwargs.pop("format", None) or suffix or str(mpl.rcParams["savefig.format"])
        kwargs.setdefault("metadata", metadata_for(kind, self.facts))
        kwargs.setdefault("dpi", self.dpi)
        # Into memory first: on a full disk matplotlib's writer of PDF dies of other errors than those of the disk.
        stream = fname if path is None else io.BytesIO()
        with settings(pdf_font_type=self.pdf_font_type):
            super().savefig(stream, transparent=transparent, format=kind, **kwargs)
        if path is not None:
            write_whole(path if path.suffix else path.with_name(f"{path.name}.{kind}"), stream.getvalue())

    def _repr_png_(self) -> bytes:
        """The picture, for notebooks."""
        stream: IO[bytes] = io.BytesIO()
        self.savefig(stream, format="png")
        stream.seek(0)
        return stream.read()


def new_figure(style: Style, height: float, facts: Mapping[str, str]) -> GateFigure:
    """An empty figure of a style's width, as high as whole pixels are."""
    # A part of a pixel is cut off; a hair more than the whole ones keeps the last row whatever division leaves.
    height = (math.floor(height * style.dpi + 1e-6) + 1e-4) / style.dpi
    figure = GateFigure(figsize=(style.width, height), dpi=style.dpi, layout="constrained")
    figure.facts = dict(facts)
    figure.pdf_font_type = 42
    return figure


def bare_axes(figure: Figure, spot: SubplotSpec, start: float, stop: float) -> Axes:
    """Axes without ticks, labels and frame: a panel draws the few of them that it needs.

    Ticks are what costs time in a figure of many panels.
    """
    axes = figure.add_subplot(spot)
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlim(start, stop)
    axes.set_ylim(0.0, 1.0)
    axes.patch.set_visible(False)
    return axes


def frame(axes: Axes, style: Style) -> None:
    """A hairline around a panel."""
    axes.patch.set(visible=True, facecolor="none", edgecolor=HAIRLINE, linewidth=style.rule_width, clip_on=False)


def write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    shift: tuple[float, float] = (0.0, 0.0),
    in_columns: bool = False,
    **properties: Any,
) -> Text:
    """Text at a fraction of the axes, moved by ``shift`` points.

    Args:
        axes: where.
        x: fraction of the width, or a source column.
        y: fraction of the height.
        text: what; dollar signs are dollar signs.
        size: of the type.
        shift: to the right and up, in points.
        in_columns: ``x`` is a source column.
        properties: of ``matplotlib.text.Text``.
    """
    ground = axes.get_xaxis_transform() if in_columns else axes.transAxes
    place = shifted(axes, ground, *shift)
    return axes.text(x, y, text, fontsize=size, transform=place, parse_math=False, **properties)


def shifted(axes: Axes, ground: Transform, right: float, up: float) -> Transform:
    """A transform followed by a move of so many points."""
    figure = axes.get_figure()
    assert figure is not None, "axes that are drawn in stand in a figure"
    return ground + ScaledTranslation(right / 72, up / 72, figure.dpi_scale_trans)


@cache
def colormap(palette: Palette) -> Colormap:
    """The color map of a palette; missing values are transparent, so that what lies below shows."""
    colors = ListedColormap(ramp(palette) / 255, name=f"gateviz-{palette.value}")
    under, over = ENDS[palette]
    return colors.with_extremes(bad=(0, 0, 0, 0), under=under, over=over)
