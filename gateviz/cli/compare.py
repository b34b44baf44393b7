"""``gateviz compare``: two models on the same lines, or one model on two images."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.compare_report import comparison_words
from gateviz.cli.corpus import TOLD, found_lines
from gateviz.cli.describe import model_facts, versions
from gateviz.cli.given import given_options
from gateviz.cli.lines import tell
from gateviz.cli.looks import BUNDLED, look_at_compared
from gateviz.cli.options import (
    ModelChoice,
    debug_option,
    direction_option,
    json_option,
    layer_option,
    max_pixels_option,
    model_options,
    none_if_empty,
    quantity_option,
)
from gateviz.cli.paths import PathsFirst, Reads, Writes
from gateviz.cli.plot import STYLES
from gateviz.cli.remarks import note_remarks
from gateviz.cli.terminal import print_json, say
from gateviz.files.printable import one_line

if TYPE_CHECKING:
    from gateviz.survey.comparison import Comparison

AXES = ("column", "symbol")
THRESHOLD = 0.25


@click.command(
    "compare", cls=PathsFirst, short_help="Compare two models on the same lines, or two images as one model reads them."
)
@click.argument("given", metavar="A B [IMAGE]...", nargs=-1, required=True, type=Reads(look_at_compared))
@model_options
@layer_option
@direction_option
@quantity_option
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Of IMAGES, read the first N lines only.")
@click.option(
    "--by",
    "axis",
    type=click.Choice(AXES),
    help="How frames of two images are put together.  [default: column where both show the same text at the same "
    "columns, else symbol]",
)
@click.option(
    "--threshold",
    metavar="X",
    type=click.FloatRange(0),
    default=THRESHOLD,
    show_default=True,
    help="Above it two series have parted, in units of how much units vary.",
)
@max_pixels_option
@click.option("-o", "--out", metavar="FILE", type=Writes(), help="Also draw it, as .png, .pdf or .svg.")
@click.option("--style", type=click.Choice(STYLES), default="a4", show_default=True, help="Of the figure.")
@json_option
@debug_option
@click.pass_context
def command(ctx: click.Context, /, given: tuple[Path, ...], out: Path | None, as_json: bool, **told: Any) -> None:
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
    if out is not None:
        from gateviz.files.atomic import check_output
        from gateviz.plot.export import checked_format

        checked_format(out)
        check_output(out)
    comparison, origin = (_of_images if images else _of_models)(given, told)
    for name, remarks in comparison.remarks.items():
        note_remarks(name, remarks)
    for skipped in comparison.skipped[:TOLD]:
        tell(f"gateviz: error: {one_line(skipped.words)}", err=True)
    if comparison.skipped:
        tell(f"gateviz: {len(comparison.skipped):,} times a line could not be read; such lines are left out", err=True)
    if as_json:
        from gateviz.survey.comparison_report import comparison_document

        print_json(origin | comparison_document(comparison, threshold=told["threshold"]))
    else:
        say(comparison_words(comparison, origin, told["threshold"]))
    if out is not None:
        _draw(comparison, origin, out, told["style"])
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
        wrong = [options[name] for name in ("limit",) if name in options]
        if wrong:
            raise click.UsageError(
                f"{wrong[0]} is of lines that two models read, and two images were named; leave it out"
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


def _of_models(given: Sequence[Path], told: dict[str, Any]) -> "tuple[Comparison, dict[str, Any]]":
    from tqdm import tqdm

    from gateviz.survey.comparison import compare_models

    lines = found_lines(given[2:], told["limit"])
    choice: ModelChoice = told["model"]
    models = [replace(choice, checkpoint=None if str(path) == BUNDLED else path).loaded() for path in given[:2]]
    with tqdm(total=2 * len(lines), unit="line", file=sys.stderr, disable=None) as bar:
        comparison = compare_models(
            models[0],
            models[1],
            lines,
            layers=none_if_empty(told["layers"]),
            directions=none_if_empty(told["directions"]),
            quantities=none_if_empty(told["quantities"]),
            max_pixels=told["max_pixels"],
            progress=bar.update,
        )
    return comparison, {
        "first": model_facts(models[0]),
        "second": model_facts(models[1]),
        "versions": versions(),
    }


def _of_images(given: Sequence[Path], told: dict[str, Any]) -> "tuple[Comparison, dict[str, Any]]":
    from gateviz.api import record
    from gateviz.survey.comparison import compare_images

    model = told["model"].loaded()
    one, other = record(
        model,
        list(given),
        layers=none_if_empty(told["layers"]),
        quantities=none_if_empty(told["quantities"]),
        max_pixels=told["max_pixels"],
    )
    for path, recording in zip(given, (one, other), strict=True):
        note_remarks(path, recording.remarks)
    comparison = compare_images(one, other, directions=none_if_empty(told["directions"]), by=told["axis"])
    names = list(map(str, given))
    return comparison, {
        "first": {"image": names[0]},
        "second": {"image": names[1]},
        "model": model_facts(model),
        "versions": versions(),
    }


def _draw(comparison: "Comparison", origin: dict[str, Any], out: Path, style: str) -> None:
    import json

    from gateviz.cli.compare_report import title_of
    from gateviz.files.json_text import json_text
    from gateviz.plot.comparison import contrast
    from gateviz.plot.export import save_figure
    from gateviz.survey.comparison_report import comparison_page

    title = title_of(origin)
    facts = {
        "about": f"Where two part: {title}",
        "first": json_text(origin["first"]),
        "second": json_text(origin["second"]),
        "versions": json.dumps(origin["versions"]),
    }
    save_figure(contrast(comparison_page(comparison, title=title, metadata=facts), style=style), out)
