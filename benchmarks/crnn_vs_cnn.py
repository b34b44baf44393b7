"""The same recognizer with and without its LSTM, trained alike: ``python -m benchmarks crnn-vs-cnn``.

Variants are trained one after the other, each in a folder of its own; what was stopped goes on where
it stopped, and what is done is not trained again. Then all of them read the same test lines, and the
tables and the figure go into ``docs/crnn-vs-cnn.md``.
"""

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from benchmarks.__main__ import RESULTS, machine
from benchmarks.crnn_report import figure, numbers, put_section, section
from benchmarks.crnn_study import VARIANTS, Finding, Study, findings, open_run, prepare, variants_of
from gateviz.errors import GatevizError
from gateviz.files.atomic import make_folder, write_whole
from gateviz.plot.export import save_figure
from gateviz.training.progress import StepReport, ValidationReport
from gateviz.training.run_folder import RunFolder
from gateviz.training.trainer import Trainer

ROOT = Path(__file__).parents[1]
DOCUMENT = "crnn-vs-cnn.md"
RUNS = ROOT / "out" / "crnn-vs-cnn"
RECORDS = ("small", "larger")
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; 0 where it ran, whatever it found."""
    given = list(arguments)
    options = parser().parse_args(given)
    study = Study(
        **{field.name: getattr(options, field.name) for field in fields(Study) if hasattr(options, field.name)}
    )
    try:
        folders: dict[str, RunFolder] = {}
        for name in variants_of(options.variants or ["none-widened"]):
            folders[name] = open_run(study, name, options.runs)
            if not train(study, name, folders[name]):
                print(f"stopped; the same command goes on from {options.runs}", file=sys.stderr)
                return EXIT_INTERRUPTED
        found = findings(study, folders, on_set=lambda name: print(f"reading lines: {name}", file=sys.stderr))
        publish(found, study, options, shlex.join(["python", "-m", "benchmarks", "crnn-vs-cnn", *given]))
    except GatevizError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks crnn-vs-cnn", description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )  # fmt: skip
    usual = Study()
    made.add_argument("--steps", type=at_least_one, default=usual.steps, help="batches that each variant learns from")
    made.add_argument("--alphabet", default=usual.alphabet, help="as gateviz train takes it")
    made.add_argument("--variant", dest="variants", action="append", choices=VARIANTS, default=[],
                      help="beside lstm and none; can be repeated; without it, none-widened")  # fmt: skip
    made.add_argument(
        "--hidden", dest="hidden_size", type=at_least_one, default=usual.hidden_size, help="units of each layer"
    )
    made.add_argument("--depth", type=at_least_one, default=usual.depth, help="recurrent layers")
    made.add_argument("--scale", dest="backbone_scale", type=float, default=usual.backbone_scale,
                      help="times the backbone's channels")  # fmt: skip
    made.add_argument("--rate", type=float, default=usual.rate, help="highest learning rate")
    made.add_argument("--seed", type=int, default=usual.seed, help="of weights, lines and their order")
    made.add_argument("--longest", type=at_least_one, default=usual.longest, help="code points of a training line")
    made.add_argument("--columns", type=at_least_one, default=usual.columns, help="columns of pixels in a batch")
    made.add_argument("--chunk", type=at_least_one, default=usual.chunk, help="lines that are sorted by width together")
    made.add_argument(
        "--validation-lines", type=at_least_one, default=usual.validation_lines, help="to choose checkpoints by"
    )
    made.add_argument("--test-lines", type=at_least_one, default=usual.test_lines, help="of each set")
    made.add_argument("--fonts", default=usual.fonts, help="a folder of fonts, none of them held out")
    made.add_argument("--device", default=usual.device, help="to train on")
    made.add_argument("--mixed-precision", action="store_true", help="train in bfloat16")
    made.add_argument("--workers", type=int, default=usual.workers, help="processes that make batches")
    made.add_argument("--runs", type=Path, default=RUNS, help="where the trainings are kept")
    made.add_argument("--record", choices=RECORDS, default=RECORDS[0], help="the part of the document that is filled")
    made.add_argument("-o", "--output", type=Path, default=ROOT / "docs", help="folder of the document and its figure")
    made.add_argument("--results", type=Path, default=RESULTS, help="folder of the numbers")
    return made


def at_least_one(given: str) -> int:
    """A whole number above zero, as argparse wants it."""
    number = int(given)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{given} is below 1")
    return number


def train(study: Study, name: str, folder: RunFolder) -> bool:
    """Train a variant to its last step, with a bar on stderr; false where it was stopped before."""
    trainer = prepare(study, name, folder)
    if trainer is None:
        print(f"{name}: trained already, in {folder.path}", file=sys.stderr)
        return True
    with stopping(trainer), tqdm(total=study.steps, initial=trainer.step, unit="step", desc=name) as bar:

        def step(report: StepReport) -> None:
            bar.update(report.step - bar.n)
            bar.set_postfix_str(f"loss {report.loss:.3f}", refresh=False)

        def validation(report: ValidationReport) -> None:
            bar.write(f"{name}, step {report.step}: CER {100 * report.cer:.2f} %", file=sys.stderr)

        return trainer.run(step, validation)


@contextmanager
def stopping(trainer: Trainer) -> Iterator[None]:
    """Ctrl-C lets the step end, saves and stops."""
    before = signal.signal(signal.SIGINT, lambda number, frame: trainer.stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def publish(found: Sequence[Finding], study: Study, options: argparse.Namespace, command: str) -> None:
    """Write the document, the figure and the numbers.

    Raises:
        GatevizError: one of them cannot be written.
    """
    today, here = datetime.now(UTC).date().isoformat(), machine()
    picture = "crnn-vs-cnn.png" if options.record == RECORDS[0] else f"crnn-vs-cnn-{options.record}.png"
    trained = f", trained on {study.device}" if study.device != "cpu" else ""
    facts = [f"`{command}`", f"{today}, {here['cores']} cores of {here['cpu']}{trained}."]
    text = section(found, study, facts, picture)
    print(text, flush=True)
    save_figure(figure(found), make_folder(options.output / "images") / picture)
    target = options.output / DOCUMENT
    put_section(target if target.exists() else ROOT / "docs" / DOCUMENT, options.record, text, target)
    document = {"machine": here, "measured": today, "command": command, "variants": numbers(found)}
    place = make_folder(options.results) / f"crnn-vs-cnn-{options.record}.json"
    write_whole(place, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())
