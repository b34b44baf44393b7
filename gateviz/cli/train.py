"""``gateviz train``: a recognizer of one's own."""

import shlex
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateviz.cli.main import EXIT_INTERRUPTED
from gateviz.cli.options import debug_option
from gateviz.cli.paths import PathsFirst, Writes
from gateviz.cli.terminal import say
from gateviz.cli.train_options import plan_of, plan_options, refuse_more
from gateviz.files.printable import one_line, printable

if TYPE_CHECKING:
    from gateviz.training.plan import TrainPlan
    from gateviz.training.progress import StepReport, ValidationReport
    from gateviz.training.run_folder import RunFolder
    from gateviz.training.trainer import Trainer


@click.command("train", cls=PathsFirst)
@click.option(
    "-o",
    "--run",
    "folder",
    metavar="FOLDER",
    required=True,
    type=Writes(folder=True),
    help="Where the log, the state and the best model go.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the run in the folder exactly where it stopped; all else stays as it was told then.",
)
@plan_options
@click.option("--tensorboard", is_flag=True, help="Also write events for TensorBoard into the run's folder.")
@click.option(
    "--watch/--no-watch", default=True, help="Look at the gates on one line at every validation.  [default: watch]"
)
@debug_option
@click.pass_context
def command(ctx: click.Context, /, folder: Path, resume: bool, tensorboard: bool, watch: bool, **options: Any) -> None:
    """Train a CNN + LSTM + CTC recognizer, from scratch or onward.

    LINES are folders (of image.png with image.gt.txt, or with a manifest.tsv), manifests (.tsv: path,
    tab, text) or LMDBs; without any, lines are made up by the renderer of 'gateviz synth'. All LINES are
    looked at first: those that cannot be learned from are listed with their numbers. The run's
    folder holds config.json, log.jsonl, last.pt (for --resume), best.safetensors (for --model),
    curves.png, and in gates what the gates did on one validation line, drawn in gates.png ('gateviz
    watch' draws it while training runs). Ctrl-C saves and stops.

    \b
    Examples:
      gateviz train -o runs/ascii --alphabet ascii --steps 4000
      gateviz train lines/ -o runs/mine --from model.safetensors
      gateviz train -o runs/ids --alphabet 0123456789X --hidden 32
      gateviz train -o runs/mine --resume
    """  # noqa: D301  (click reads the backspace)
    from gateviz.cli.train_bars import LookBar
    from gateviz.training.plan import TrainPlan
    from gateviz.training.run_folder import RunFolder

    if resume:
        refuse_more(ctx, ("folder", "resume", "tensorboard", "watch"))
    place = RunFolder(folder, resume=resume)
    with place.starting():
        plan = TrainPlan.of_document(place.read_config()) if resume else plan_of(options)
        with closing(LookBar()) as bar:
            trainer = plan.prepare(place, on_report=lambda report: say(report.words, err=True), on_progress=bar)
        if not resume and ctx.params["mixed_precision"] is None:
            say(f"gateviz: {_precision(plan)}", err=True)
        if place.begun_anew:
            say(f"gateviz: {one_line(place.begun_anew)}", err=True)
            place.forget_unborn()
        if resume and not place.begun_anew:
            trainer.resume()
        else:
            place.write_config(plan.as_document())
    finished = _run(trainer, plan, tensorboard, watch)
    _draw(place)
    if not finished:
        again = f"gateviz train -o {shlex.quote(printable(folder))} --resume"
        say(f"gateviz: interrupted at step {trainer.step}; go on with: {again}", err=True)
        ctx.exit(EXIT_INTERRUPTED)
    say(printable(place.best(trainer.pupil.writer.suffix)))


def _precision(plan: "TrainPlan") -> str:
    """What it is trained in, where nobody asked for one or the other."""
    device = plan.settings.device
    if plan.settings.mixed_precision:
        return f"training in bfloat16, which {device} computes by itself here; --no-mixed-precision trains in float32"
    return f"training in float32, since {device} does not compute bfloat16 by itself here"


def _run(trainer: "Trainer", plan: "TrainPlan", tensorboard: bool, watch: bool) -> bool:
    """Train with a bar on stderr; whether it came to its end."""
    from gateviz.cli.train_bars import TrainBar
    from gateviz.training.gate_watch import watch_of
    from gateviz.training.progress import GateReport
    from gateviz.training.tensorboard import Events

    events = Events(trainer.folder.path) if tensorboard else None
    before = [entry["cer"] for entry in trainer.folder.read_log() if entry["kind"] == "validation"]
    with _stopping(trainer), TrainBar(plan.settings.steps, trainer.step, before[-1] if before else None) as bar:

        def step(report: "StepReport") -> None:
            bar.step(report)
            if events is not None:
                events.write(report)

        def validation(report: "ValidationReport") -> None:
            bar.validation(report)
            if events is not None:
                events.write(report)

        def news(step: int, words: str) -> None:
            bar.say(f"step {step}: {words}")
            trainer.folder.log(GateReport(step, words))

        if not watch:
            return trainer.run(step, validation)
        return trainer.run(step, validation, watch_of(trainer, say=news))


@contextmanager
def _stopping(trainer: "Trainer") -> Iterator[None]:
    """Ctrl-C lets the step end, saves and stops, instead of leaving half a step behind."""
    before = signal.signal(signal.SIGINT, lambda number, frame: trainer.stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _draw(place: "RunFolder") -> None:
    """The curves, where the run came to its first report, and the gates, where they were watched."""
    from gateviz.files.watch_files import read_watch, steps_in
    from gateviz.plot.export import save_figure
    from gateviz.plot.training import TrainingCurves, training
    from gateviz.plot.training_gates import training_gates
    from gateviz.training.run_folder import CURVES, GATES

    curves = TrainingCurves.of_log(place.read_log())
    if len(curves.steps):
        save_figure(training(curves), place.path / CURVES)
    if steps_in(place.gates):
        save_figure(training_gates(read_watch(place.gates)), place.path / GATES)
