"""``gateviz train``: a recognizer of one's own."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.main import EXIT_INTERRUPTED
from gateviz.cli.scripts import script_weights

if TYPE_CHECKING:
    from gateviz.training.plan import TrainPlan
    from gateviz.training.progress import StepReport, ValidationReport
    from gateviz.training.run_folder import RunFolder
    from gateviz.training.trainer import Trainer

BACKBONES = ("vgg_narrow", "vgg_small", "vgg", "mobilenet_v3")


@click.command("train")
@click.argument("lines", metavar="[LINES]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--run",
    "folder",
    metavar="FOLDER",
    required=True,
    type=click.Path(path_type=Path),
    help="Where the log, the state and the best model go.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the run in the folder exactly where it stopped; all else stays as it was told then.",
)
@click.option(
    "--from",
    "start",
    metavar="CHECKPOINT",
    type=click.Path(path_type=Path),
    help="Go on from a trained model of any trainable lineage; with --alphabet onto another alphabet.",
)
@click.option(
    "--alphabet",
    metavar="NAME|FILE|SYMBOLS",
    default="",
    help="digits, ascii, chinese-punctuation, gb2312-1, bundled, or several joined by +; a .txt file; or the symbols. Default: those in LINES, or ascii.",
)
@click.option(
    "--validation",
    metavar="LINES",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Lines to validate on; default: a share of LINES, or synthetic lines in fonts that no training line has.",
)
@click.option(
    "--validation-share",
    type=click.FloatRange(0, 0.9, min_open=True),
    default=0.05,
    show_default=True,
    help="Of LINES, to validate on.",
)
@click.option(
    "--synthetic-share",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Synthetic lines among those of LINES.",
)
@click.option(
    "--script",
    "scripts",
    metavar="NAME=WEIGHT,...",
    callback=script_weights,
    help="Of synthetic lines: latin, chinese, mixed, number, uniform.",
)
@click.option("--longest", type=click.IntRange(0, 400), default=0, help="Code points of a synthetic line, at most.")
@click.option(
    "--long-share",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Of synthetic lines up to three times as long.",
)
@click.option("--fonts", metavar="FOLDER", default="", help="Fonts for synthetic lines; default: the system's.")
@click.option("--backbone", type=click.Choice(BACKBONES), help="Default: vgg_narrow.")
@click.option("--scale", type=click.FloatRange(0.05, 4), help="Times the backbone's channels.")
@click.option(
    "--recurrent", type=click.Choice(("lstm", "gru", "none")), help="none is the plain CNN with CTC. Default: lstm."
)
@click.option("--hidden", type=click.IntRange(1, 4096), help="Units of each layer and direction. Default: 96.")
@click.option("--depth", type=click.IntRange(1, 8), help="Recurrent layers. Default: 2.")
@click.option("--dropout", type=click.FloatRange(0, 1, max_open=True), help="Between recurrent layers. Default: 0.")
@click.option("--steps", type=click.IntRange(1), default=20_000, show_default=True, help="Batches to learn from.")
@click.option(
    "--columns",
    type=click.IntRange(64),
    default=12_800,
    show_default=True,
    help="Columns of pixels in a batch: 12800 are 64 lines of 200.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=2e-3,
    show_default=True,
    help="Highest learning rate of the one cycle.",
)
@click.option(
    "--average",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.998,
    show_default=True,
    help="Decay of the moving average of the weights.",
)
@click.option(
    "--frame-weight",
    type=click.FloatRange(0),
    default=0.5,
    show_default=True,
    help="Of the labels of frames, where the columns of symbols are known.",
)
@click.option(
    "--backbone-weight",
    type=click.FloatRange(0),
    default=0.5,
    show_default=True,
    help="Of symbols read off the backbone alone, where columns are known.",
)
@click.option(
    "--validate-every",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="Steps between validations, each with a checkpoint.",
)
@click.option(
    "--patience",
    type=click.IntRange(0),
    default=0,
    help="Stop after so many validations without a better error rate; 0 never stops.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--workers", type=click.IntRange(0), default=1, show_default=True, help="Processes that make batches ahead."
)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1.")
@click.option("--mixed-precision", is_flag=True, help="Run the network in bfloat16.")
@click.option("--half", is_flag=True, help="Write the best model as float16.")
@click.option("--skip-bad", is_flag=True, help="Leave out lines that cannot be learned from, instead of refusing.")
@click.option("--tensorboard", is_flag=True, help="Also write events for TensorBoard into the run's folder.")
@click.pass_context
def command(ctx: click.Context, /, folder: Path, resume: bool, tensorboard: bool, **told: Any) -> None:
    """Train a CNN + LSTM + CTC recognizer, from scratch or onward.

    LINES are folders (of image.png with image.gt.txt, or with a manifest.tsv), manifests (.tsv: path,
    tab, text) or LMDBs; without any, lines are made up by the renderer of 'gateviz synth'. The run's
    folder holds config.json, log.jsonl, last.pt (for --resume), best.safetensors (for --model) and
    curves.png. Ctrl-C saves and stops.

    \b
    Examples:
      gateviz train -o runs/ascii --alphabet ascii --steps 4000
      gateviz train lines/ -o runs/mine --from model.safetensors
      gateviz train -o runs/ids --alphabet 0123456789X --hidden 32
      gateviz train -o runs/mine --resume
    """  # noqa: D301  (click reads the backspace)
    from gateviz.training.plan import TrainPlan
    from gateviz.training.run_folder import RunFolder

    place = RunFolder(folder, resume=resume)
    if resume:
        _refuse_more(ctx, ("folder", "resume", "tensorboard"))
        plan = TrainPlan.of_document(place.read_config())
    else:
        plan = _plan(told)
    trainer = plan.prepare(place, on_report=lambda report: click.echo(report.words, err=True))
    if resume:
        trainer.resume()
    else:
        place.write_config(plan.as_document())
    finished = _run(trainer, plan, tensorboard)
    _draw(place)
    if not finished:
        click.echo(
            f"gateviz: interrupted at step {trainer.step}; go on with: gateviz train -o {folder} --resume", err=True
        )
        ctx.exit(EXIT_INTERRUPTED)
    click.echo(place.best(trainer.pupil.writer.suffix))


def _refuse_more(ctx: click.Context, allowed: tuple[str, ...]) -> None:
    """A resumed run takes everything from its config: an option beside ``--resume`` would be ignored.

    Raises:
        click.UsageError: there is one.
    """
    from click.core import ParameterSource

    given = [
        name
        for name in ctx.params
        if name not in allowed and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if given:
        names = ", ".join("LINES" if name == "lines" else f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(f"a resumed run goes on as it was told at its start; leave {names} out")


def _plan(told: dict[str, Any]) -> "TrainPlan":
    from dataclasses import fields

    from gateviz.training.plan import TrainPlan
    from gateviz.training.settings import TrainSettings

    settings = {entry.name: told[entry.name] for entry in fields(TrainSettings) if entry.name in told}
    names = {
        "backbone": "backbone",
        "scale": "backbone_scale",
        "recurrent": "recurrent",
        "hidden": "hidden_size",
        "depth": "depth",
        "dropout": "dropout",
    }
    network = {field: told[option] for option, field in names.items() if told[option] is not None}
    start = told["start"]
    if start is None:
        network = {"backbone": "vgg_narrow", "hidden_size": 96, **network}
    return TrainPlan(
        settings=TrainSettings(**settings),
        lines=tuple(map(str, told["lines"])),
        validation=tuple(map(str, told["validation"])),
        validation_share=told["validation_share"],
        synthetic_share=told["synthetic_share"],
        scripts=told["scripts"],
        longest=told["longest"],
        long_share=told["long_share"],
        fonts=told["fonts"],
        alphabet=told["alphabet"],
        start="" if start is None else str(start),
        network=network,
        half=told["half"],
        skip_bad=told["skip_bad"],
    )


def _run(trainer: "Trainer", plan: "TrainPlan", tensorboard: bool) -> bool:
    """Train with a bar on stderr; whether it came to its end."""
    from tqdm import tqdm

    from gateviz.training.tensorboard import Events

    events = Events(trainer.folder.path) if tensorboard else None
    with (
        _stopping(trainer),
        tqdm(total=plan.settings.steps, initial=trainer.step, unit="step", file=sys.stderr, dynamic_ncols=True) as bar,
    ):

        def step(report: "StepReport") -> None:
            bar.update(report.step - bar.n)
            speed = report.lines / report.seconds if report.seconds else 0.0
            hidden = f", {report.hidden} hidden" if report.hidden else ""
            bar.set_postfix_str(
                f"loss {report.loss:.3f}, CTC {report.ctc:.3f}, {speed:.0f} lines/s{hidden}", refresh=False
            )
            if events is not None:
                events.write(report)

        def validation(report: "ValidationReport") -> None:
            better = " (best)" if report.best else ""
            bar.write(
                f"step {report.step}: CER {100 * report.cer:.2f} %, lines right {100 * report.line_accuracy:.1f} %{better}",
                file=sys.stderr,
            )
            if events is not None:
                events.write(report)

        return trainer.run(step, validation)


@contextmanager
def _stopping(trainer: "Trainer") -> Iterator[None]:
    """Ctrl-C lets the step end, saves and stops, instead of leaving half a step behind."""
    before = signal.signal(signal.SIGINT, lambda number, frame: trainer.stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _draw(place: "RunFolder") -> None:
    """The curves, where the run came to its first report."""
    from gateviz.panels.training import TrainingCurves
    from gateviz.plot.export import save_figure
    from gateviz.plot.training import training

    curves = TrainingCurves.of_log(place.read_log())
    if len(curves.steps):
        save_figure(training(curves), place.path / "curves.png")
