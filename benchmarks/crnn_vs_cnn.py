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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from benchmarks.__main__ import RESULTS, machine
from benchmarks.crnn_report import figure, fonts_of, numbers, put_section, section
from benchmarks.crnn_study import TEST_SETS, VARIANTS, Finding, Study, findings, open_run, prepare, variants_of
from gateviz.errors import GatevizError
from gateviz.files.atomic import make_folder, write_whole
from gateviz.plot.export import save_figure
from gateviz.training.progress import StepReport, ValidationReport
from gateviz.training.run_folder import RunFolder
from gateviz.training.trainer import Trainer

ROOT = Path(__file__).parents[1]
NAME = "crnn-vs-cnn"
RUNS = ROOT / "out" / NAME
RECORDS = ("small", "larger")
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; 0 where it ran, whatever it found."""
    given = list(arguments)
    options = parser().parse_args(given)
    study = Study(**{field.name: getattr(options, field.name) for field in fields(Study)})
    try:
        # Before the training, so that fonts that are missing are not missed after it.
        print(f"making {study.test_lines} test lines of each kind", file=sys.stderr)
        sets = {name: study.test_set(name) for name in TEST_SETS}
        folders: dict[str, RunFolder] = {}
        for name in variants_of(options.variants or ["none-widened"]):
            folders[name] = open_run(study, name, options.runs / options.record / name)
            if not train(study, name, folders[name]):
                print(f"stopped; the same command goes on from {folders[name].path}", file=sys.stderr)
                return EXIT_INTERRUPTED
        print("reading the test lines", file=sys.stderr)
        publish(findings(folders, sets), study, options, shlex.join(["python", "-m", "benchmarks", NAME, *given]))
    except GatevizError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog=f"python -m benchmarks {NAME}",
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    usual = Study()

    def add(option: str, attribute: str, kind: Callable[[str], object], told: str) -> None:
        made.add_argument(option, dest=attribute, type=kind, default=getattr(usual, attribute), help=told)

    add("--steps", "steps", at_least_one, "batches that each variant learns from")
    add("--alphabet", "alphabet", str, "as gateviz train takes it")
    add("--backbone", "backbone", str, "the convolutions")
    add("--scale", "backbone_scale", float, "times the backbone's channels")
    add("--hidden", "hidden_size", at_least_one, "units of each recurrent layer and direction")
    add("--depth", "depth", at_least_one, "recurrent layers")
    add("--rate", "rate", float, "highest learning rate")
    add("--seed", "seed", int, "of weights, lines and their order")
    add("--longest", "longest", at_least_one, "code points of a training line")
    add("--columns", "columns", at_least_one, "columns of pixels in a batch")
    add("--chunk", "chunk", at_least_one, "lines that are sorted by width together")
    add("--validation-lines", "validation_lines", at_least_one, "to choose checkpoints by")
    add("--test-lines", "test_lines", at_least_one, "of each set")
    add("--fonts", "fonts", str, "a folder of fonts instead of the system's")
    add("--device", "device", str, "to train on")
    add("--workers", "workers", int, "processes that make batches")
    made.add_argument("--mixed-precision", action="store_true", help="train in bfloat16")
    made.add_argument(
        "--variant",
        dest="variants",
        action="append",
        choices=VARIANTS,
        default=[],
        help="beside lstm and none; can be repeated; without it, none-widened",
    )
    made.add_argument("--record", choices=RECORDS, default=RECORDS[0], help="the part of the document that is filled")
    made.add_argument("--runs", type=Path, default=RUNS, help="where the trainings are kept")
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
    stem = NAME if options.record == RECORDS[0] else f"{NAME}-{options.record}"
    trained = "" if study.device == "cpu" else f", trained on {study.device}"
    facts = [f"`{command}`", f"{today}, {here['cores']} cores of {here['cpu']}{trained}."]
    text = section(found, study, facts, f"{stem}.png")
    print(text, flush=True)
    save_figure(figure(found), make_folder(options.output / "images") / f"{stem}.png")
    target = options.output / f"{NAME}.md"
    put_section(target if target.exists() else ROOT / "docs" / f"{NAME}.md", options.record, text, target)
    document = {
        "machine": here,
        "measured": today,
        "command": command,
        "study": asdict(study),
        "test_fonts": fonts_of(found),
        "variants": numbers(found),
    }
    place = make_folder(options.results) / f"{NAME}-{options.record}.json"
    write_whole(place, (json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode())
