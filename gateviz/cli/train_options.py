"""What ``gateviz train`` can be told, and the plan that comes of it."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.looks import look_at_font_words, look_at_models, look_at_named_symbols, look_at_true_lines
from gateviz.cli.options import Command, given_options
from gateviz.cli.paths import Reads, ReadsWords
from gateviz.cli.scripts import SCRIPTS, script_weights

if TYPE_CHECKING:
    from gateviz.training.plan import TrainPlan

BACKBONES = ("vgg_narrow", "vgg_small", "vgg", "mobilenet_v3")
RECURRENT = ("lstm", "gru", "none")
# An option, and the field of the network's configuration that it sets.
NETWORK = {
    "backbone": "backbone",
    "scale": "backbone_scale",
    "recurrent": "recurrent",
    "hidden": "hidden_size",
    "depth": "depth",
    "dropout": "dropout",
}
DEFAULT_NETWORK = {"backbone": "vgg_narrow", "hidden_size": 96}
DEFAULT_WIDEN = 1.25

_LINES = (
    click.argument("lines", metavar="[LINES]...", nargs=-1, type=Reads(look_at_true_lines)),
    click.option(
        "--alphabet", metavar="NAME|FILE|SYMBOLS", default="", type=ReadsWords(look_at_named_symbols),
        help="digits, ascii, chinese-punctuation, gb2312-1, bundled, or several joined by +; a .txt file; or the "
        "symbols. Default: those in LINES, or ascii.",
    ),
    click.option(
        "--validation", metavar="LINES", multiple=True, type=Reads(look_at_true_lines),
        help="Lines to validate on; default: a share of LINES, or synthetic lines in fonts that no training line has.",
    ),
    click.option(
        "--validation-share", type=click.FloatRange(0, 0.9, min_open=True), default=0.05, show_default=True,
        help="Of LINES, to validate on.",
    ),
    click.option("--skip-bad", is_flag=True, help="Leave out lines that cannot be learned from, instead of refusing."),
    click.option(
        "--synthetic-share", type=click.FloatRange(0, 1), default=0.0, show_default=True,
        help="Synthetic lines among those of LINES.",
    ),
    click.option(
        "--script", "scripts", metavar="NAME=WEIGHT,...", callback=script_weights,
        help=f"Of synthetic lines: {', '.join(SCRIPTS)}.",
    ),
    click.option("--longest", type=click.IntRange(0, 400), default=0, help="Code points of a synthetic line, at most."),
    click.option(
        "--long-share", type=click.FloatRange(0, 1), default=0.1, show_default=True,
        help="Of synthetic lines up to three times as long.",
    ),
    click.option(
        "--photo-share", type=click.FloatRange(0, 1), default=0.15, show_default=True,
        help="Of synthetic lines that look photographed.",
    ),
    click.option(
        "--loose-share", type=click.FloatRange(0, 1), default=0.06, show_default=True,
        help="Of synthetic lines that are loosely cropped.",
    ),
    click.option(
        "--fonts", metavar="FOLDER", default="", type=ReadsWords(look_at_font_words),
        help="Fonts for synthetic lines; default: the system's.",
    ),
)  # fmt: skip
_NETWORK = (
    click.option(
        "--from", "start", metavar="CHECKPOINT", type=Reads(look_at_models),
        help="Go on from a trained model of any trainable lineage; with --alphabet onto another alphabet.",
    ),
    click.option(
        "--shrink", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True,
        help="Times the recurrent weights of --from, to loosen gates and cells that stand at their ends.",
    ),
    click.option("--backbone", type=click.Choice(BACKBONES), help="Default: vgg_narrow."),
    click.option(
        "--backbone-from", "backbone_start", metavar="MODEL", type=Reads(look_at_models),
        help="Begin with the backbone of a model of gateviz's own; the layers behind it start at random.",
    ),
    click.option("--scale", type=click.FloatRange(0.05, 4), help="Times the backbone's channels."),
    click.option("--recurrent", type=click.Choice(RECURRENT), help="none is the plain CNN with CTC. Default: lstm."),
    click.option("--hidden", type=click.IntRange(1, 4096), help="Units of each layer and direction. Default: 96."),
    click.option("--depth", type=click.IntRange(1, 8), help="Recurrent layers. Default: 2."),
    click.option("--dropout", type=click.FloatRange(0, 1, max_open=True), help="Between recurrent layers. Default: 0."),
    click.option(
        "--widen", type=click.FloatRange(0.5, 3),
        help="Times the width of a line that keeps its aspect: more frames for narrow letters, and as much more "
        "time. Default: 1.25, with --from what that model has.",
    ),
    click.option(
        "--crop/--no-crop", default=None,
        help="Cut loosely cropped lines to their ink, in training and wherever the model is used. Default: they are, with --from "
        "what that model does.",
    ),
    click.option("--half", is_flag=True, help="Write the best model as float16."),
)  # fmt: skip
_LOOP = (
    click.option("--steps", type=click.IntRange(1), default=20_000, show_default=True, help="Batches to learn from."),
    click.option(
        "--columns", type=click.IntRange(64), default=12_800, show_default=True,
        help="Columns of pixels in a batch: 12800 are 64 lines of 200.",
    ),
    click.option(
        "--rate", type=click.FloatRange(0, min_open=True), default=2e-3, show_default=True,
        help="Highest learning rate of the one cycle.",
    ),
    click.option(
        "--average", type=click.FloatRange(0, 1, max_open=True), default=0.998, show_default=True,
        help="Decay of the moving average of the weights.",
    ),
    click.option(
        "--frame-weight", type=click.FloatRange(0), default=0.5, show_default=True,
        help="Of the labels of frames, where the columns of symbols are known.",
    ),
    click.option(
        "--backbone-weight", type=click.FloatRange(0), default=0.5, show_default=True,
        help="Of symbols read off the backbone alone, where columns are known.",
    ),
    click.option(
        "--normalized/--not-normalized", default=True,
        help="Normalize what recurrent layers read, in training only.  [default: normalized]",
    ),
    click.option(
        "--cell-weight", type=click.FloatRange(0), default=0.1, show_default=True,
        help="Of cells beyond 3 in magnitude, which say nothing any more; 0 lets them grow.",
    ),
    click.option(
        "--frozen", type=click.FloatRange(0, 1, max_open=True), default=0.0, show_default=True,
        help="Share of the steps, from the first on, in which the backbone does not learn.",
    ),
    click.option(
        "--validate-every", type=click.IntRange(1), default=500, show_default=True,
        help="Steps between validations, each with a checkpoint.",
    ),
    click.option(
        "--patience", type=click.IntRange(0), default=0,
        help="Stop after so many validations without a better error rate; 0 never stops.",
    ),
    click.option(
        "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the weights, the lines and their order."
    ),
    click.option(
        "--workers", type=click.IntRange(0), default=1, show_default=True, help="Processes that make batches ahead."
    ),
    click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1."),
    click.option(
        "--mixed-precision/--no-mixed-precision", default=None,
        help="Run the network in bfloat16, faster where the processor computes with it.  "
        "[default: there alone]",
    ),
)  # fmt: skip


def plan_options(command: Command) -> Command:
    """Everything that becomes part of the run's plan."""
    wrapped: Any = command
    for option in reversed((*_LINES, *_NETWORK, *_LOOP)):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


def plan_of(options: dict[str, Any]) -> "TrainPlan":
    """The plan that the options make.

    Raises:
        TrainingError: the settings do not go together.
    """
    from gateviz.training.plan import TrainPlan, computes_bfloat16
    from gateviz.training.settings import TrainSettings

    settings = {entry.name: options[entry.name] for entry in fields(TrainSettings) if entry.name in options}
    if options["mixed_precision"] is None:
        settings["mixed_precision"] = computes_bfloat16(options["device"])
    network = {field: options[option] for option, field in NETWORK.items() if options[option] is not None}
    start = options["start"]
    kept = ("validation_share", "synthetic_share", "scripts", "longest", "long_share", "photo_share", "loose_share", "fonts",
            "alphabet")  # fmt: skip
    return TrainPlan(
        settings=TrainSettings(**settings),
        lines=tuple(map(str, options["lines"])),
        validation=tuple(map(str, options["validation"])),
        start="" if start is None else str(start),
        backbone_start="" if options["backbone_start"] is None else str(options["backbone_start"]),
        network=network if start is not None else DEFAULT_NETWORK | network,
        shrink=options["shrink"],
        widen=DEFAULT_WIDEN if options["widen"] is None and start is None else options["widen"],
        crop=True if options["crop"] is None and start is None else options["crop"],
        half=options["half"],
        skip_bad=options["skip_bad"],
        **{name: options[name] for name in kept},
    )


def refuse_more(ctx: click.Context, allowed: tuple[str, ...]) -> None:
    """A resumed run takes everything from its config: an option beside ``--resume`` would be ignored.

    Args:
        ctx: of the command.
        allowed: names of the parameters that may be given all the same.

    Raises:
        click.UsageError: there is another one.
    """
    strange = [word for name, word in given_options(ctx).items() if name not in allowed]
    if strange:
        raise click.UsageError(f"a resumed run goes on as it was told at its start; leave {', '.join(strange)} out")
