"""``gateviz compare``: two models on the same lines, or one model on two images."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.corpus import TOLD, Figures, PageChoice, found_lines, limit_option, page_options
from gateviz.cli.describe import model_facts, versions
from gateviz.cli.lines import tell
from gateviz.cli.looks import BUNDLED, look_at_compared
from gateviz.cli.options import (
    ModelChoice,
    direction_option,
    given_options,
    layer_option,
    max_pixels_option,
    model_options,
    none_if_empty,
    quantity_option,
)
from gateviz.cli.paths import PathsFirst, Reads
from gateviz.cli.remarks import note_remarks
from gateviz.files.printable import one_line
from gateviz.studies.compare.request import AXES, THRESHOLD, CompareRequest

if TYPE_CHECKING:
    from gateviz.files.folders import LineSource
    from gateviz.studies.compare.results import Comparison


@click.command(
    "compare", cls=PathsFirst, short_help="Compare two models on the same lines, or two images as one model reads them."
)
@click.argument("given", metavar="A B [IMAGE]...", nargs=-1, required=True, type=Reads(look_at_compared))
@model_options
@page_options
@layer_option
@direction_option
@quantity_option
@limit_option
@click.option(
    "--by",
    "axis",
    type=click.Choice(AXES),
    help="How frames of two images are put together.  [default: column where both show the same text at the same "
    "columns, else symbol]",
)
@click.option(
    "--threshold", metavar="X", type=click.FloatRange(0), default=THRESHOLD, show_default=True,
    help="Above it two series have parted, in units of how much units vary.",
)  # fmt: skip
@max_pixels_option
@click.pass_context
def command(
    ctx: click.Context, /, *, given: tuple[Path, ...], model: ModelChoice, outputs: PageChoice, layers: tuple[int, ...],
    directions: tuple[str, ...], quantities: tuple[str, ...], limit: int | None, axis: str | None, threshold: float,
    max_pixels: int,
) -> None:  # fmt: skip
    """Say where two models part on the same lines, or two images as one model reads them.

    A and B are checkpoints (the word 'bundled' is the model that comes with gateviz), and IMAGES are line
    images, folders of them, manifests (.tsv: path, tab, text) or LMDBs, with true texts as 'gateviz eval'
    finds them; options that describe a checkpoint hold
    for both. Or A and B are two line images, and --model reads them. Units are matched by what they do, so
    models need not have learned in the same order. Printed are what the difference costs in text, and for
    each layer, direction and series how far they lie apart along the line (0 the same, about 1.4 unrelated),
    how far their distributions, and how alike matched units are.

    \b
    Examples:
      gateviz compare bundled int8.safetensors lines/manifest.tsv -o compare.png
      gateviz compare epoch1.pt epoch9.pt lines/ --json
      gateviz compare clean.png damaged.png --model crnn.pth
    """  # noqa: D301  (click reads the backspace)
    images = _images_given(ctx, given)
    outputs.check("the comparison")
    request = CompareRequest(
        none_if_empty(layers), none_if_empty(directions), none_if_empty(quantities), by=axis, threshold=threshold
    )
    if images:
        comparison, origin = _of_images(given, request, model, max_pixels)
    else:
        lines = found_lines(given[2:], limit)
        comparison, origin = _of_models(given, request, model, lines, max_pixels)
    from gateviz.studies.compare.report import comparison_page

    def figures(style: str) -> Figures:
        from gateviz.studies.compare.figure import ComparisonFigures

        return ComparisonFigures(comparison, origin, style=style)

    outputs.deliver(comparison_page(comparison, origin), figures)
    ctx.exit(1 if comparison.skipped else 0)


def _images_given(ctx: click.Context, given: Sequence[Path]) -> bool:
    """Whether A and B are images; checks that what is named goes together.

    Raises:
        click.UsageError: it does not.
    """
    from gateviz.files.folders import IMAGE_SUFFIXES

    if len(given) < 2:
        raise click.UsageError(f"{given[0]} alone was named; name A and B, two models or two images")
    images = [path.suffix.lower() in IMAGE_SUFFIXES for path in given[:2]]
    options = given_options(ctx)
    if all(images):
        if len(given) > 2:
            raise click.UsageError(f"{len(given)} images were named; two images are compared, or two models on many")
        if "limit" in options:
            raise click.UsageError(
                f"{options['limit']} is of lines that two models read, and two images were named; leave it out"
            )
        return True
    if any(images):
        image, model = given[images.index(True)], given[images.index(False)]
        raise click.UsageError(
            f"{image} is an image and {model} is none; name two models and then images, or two images"
        )
    if len(given) == 2:
        raise click.UsageError(f"{given[0]} and {given[1]} are to read something; name line images after them")
    wrong = [options[name] for name in ("axis", "checkpoint", "model") if name in options]
    if wrong:
        raise click.UsageError(f"{wrong[0]} is of two images, and two models were named; leave it out")
    return False


def _of_models(
    given: Sequence[Path], request: CompareRequest, model: ModelChoice, lines: "Sequence[LineSource]", max_pixels: int
) -> "tuple[Comparison, dict[str, Any]]":
    """Read by two models, with a bar; lines that one of them could not read are told, remarks are kept."""
    from tqdm import tqdm

    from gateviz.studies.compare.run import compare_models

    first, second = (replace(model, checkpoint=None if str(path) == BUNDLED else path).loaded() for path in given[:2])
    with tqdm(total=2 * len(lines), unit="line", file=sys.stderr, disable=None) as bar:
        comparison = compare_models(first, second, lines, request, max_pixels=max_pixels, progress=bar.update)
    for line in comparison.lines:
        note_remarks(line.pair.name, line.pair.remarks)
    for skipped in comparison.skipped[:TOLD]:
        tell(f"gateviz: error: {one_line(skipped.words)}", err=True)
    if comparison.skipped:
        tell(f"gateviz: {len(comparison.skipped):,} times a line could not be read; such lines are left out", err=True)
    return comparison, {"first": model_facts(first), "second": model_facts(second), "versions": versions()}


def _of_images(
    given: Sequence[Path], request: CompareRequest, model: ModelChoice, max_pixels: int
) -> "tuple[Comparison, dict[str, Any]]":
    """Two images, read by one model; remarks are kept."""
    from gateviz.api import record
    from gateviz.studies.compare.run import compare_images

    reader = model.loaded()
    one, other = record(
        reader, list(given), layers=request.layers, quantities=request.quantities, max_pixels=max_pixels
    )
    for path, recording in zip(given, (one, other), strict=True):
        note_remarks(path, recording.remarks)
    names = list(map(str, given))
    return compare_images(one, other, request), {
        "first": {"image": names[0]},
        "second": {"image": names[1]},
        "model": model_facts(reader),
        "versions": versions(),
    }
