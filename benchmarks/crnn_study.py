"""One training with and without recurrent layers: what is trained, on which lines, and how it reads afterward.

Everything but the network is the same for all variants: the lines and their order, the batches, the
steps, the loss, the optimizer and its cycle, and the backbone with its first weights (the widened one
has more channels).
"""

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.timing import interleaved
from gateviz.adapters.core.deferred import with_torch
from gateviz.adapters.registry import load_recognizer
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.recognizer import Recognizer
from gateviz.ctc.greedy import greedy
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.errors import TrainingError
from gateviz.measure.evaluation import Evaluation
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.training.evaluate import evaluate
from gateviz.training.plan import ENDLESS, VALIDATION_SEED
from gateviz.training.pupil import new_crnn
from gateviz.training.run_folder import LOG, STATE, RunFolder
from gateviz.training.settings import TrainSettings
from gateviz.training.trainer import Trainer
from gateviz.typesetting.alphabets import symbols_of
from gateviz.typesetting.fonts import HELD_OUT, FontFace, find_fonts
from gateviz.typesetting.lines import TrainingLine
from gateviz.typesetting.synthetic import LENGTHS, SyntheticLines, SyntheticStyle

VARIANTS = {
    "lstm": "CNN + LSTM",
    "none": "CNN",
    "none-widened": "CNN, widened",
    "gru": "CNN + GRU",
}
# Hardness and texts of each set of test lines.
TEST_SETS: dict[str, dict[str, Any]] = {
    "as trained": {"hardness": "mixed"},
    "clean": {"hardness": "clean"},
    "noisy": {"hardness": "noisy"},
    "touching": {"hardness": "touching"},
    "long": {"hardness": "mixed"},
    "random": {"hardness": "mixed", "scripts": {"uniform": 1.0}},
}
# Of the longest training line.
LONG_TIMES = (1.5, 2.0)
TEST_SEED = 2_000_003
FINGERPRINT_LINES = 64
TIMED_COLUMNS = 320


@dataclass(frozen=True)
class Study:
    """What all variants share.

    Attributes:
        steps: batches that each variant learns from.
        alphabet: as ``gateviz train --alphabet`` takes it.
        backbone: of all variants.
        backbone_scale: times its channels, of all variants but the widened one.
        hidden_size: units of each recurrent layer and direction.
        depth: recurrent layers.
        rate: highest learning rate.
        seed: of the weights, the lines and their order.
        longest: code points of a training line, as ``SyntheticStyle`` has it.
        columns: columns of pixels in a batch.
        chunk: lines that are sorted by width together.
        validation_lines: to choose the best checkpoint by, in fonts of the training.
        test_lines: of each set, in fonts that no training line has.
        fonts: a folder of fonts; empty for the system's.
        device: to train on; reading is on the CPU.
        mixed_precision: train in bfloat16.
        workers: processes that make batches.
    """

    steps: int = 3600
    alphabet: str = "ascii"
    backbone: str = "vgg_narrow"
    backbone_scale: float = 0.75
    hidden_size: int = 96
    depth: int = 2
    rate: float = 3e-3
    seed: int = 0
    longest: int = 16
    columns: int = 3200
    chunk: int = 512
    validation_lines: int = 200
    test_lines: int = 400
    fonts: str = ""
    device: str = "cpu"
    mixed_precision: bool = False
    workers: int = 1

    @property
    def symbols(self) -> tuple[str, ...]:
        """The alphabet's."""
        return symbols_of(self.alphabet)

    def network(self, variant: str) -> CrnnConfig:
        """How a variant is put together.

        Raises:
            TrainingError: there is no such variant.
        """
        if variant not in VARIANTS:
            raise TrainingError(f"there is no variant {variant!r} to train; choose of {', '.join(VARIANTS)}")
        crnn = CrnnConfig(
            len(self.symbols) + 1,
            self.backbone,
            "gru" if variant == "gru" else "lstm",
            hidden_size=self.hidden_size,
            depth=self.depth,
            backbone_scale=self.backbone_scale,
        )
        if variant in ("lstm", "gru"):
            return crnn
        plain = replace(crnn, recurrent="none")
        return widened(plain, parameter_count(crnn)) if variant == "none-widened" else plain

    def settings(self) -> TrainSettings:
        """The training loop's; what is not named here is what ``gateviz train`` does."""
        return TrainSettings(
            steps=self.steps,
            columns=self.columns,
            chunk=self.chunk,
            rate=self.rate,
            seed=self.seed,
            # The average reaches over the last twentieth of the steps, however many there are.
            average=max(0.0, 1 - 20 / self.steps),
            frame_weight=0.5,
            backbone_weight=0.5,
            validate_every=max(1, self.steps // 8),
            log_every=min(20, self.steps),
            device=self.device,
            mixed_precision=self.mixed_precision,
            workers=self.workers,
        )

    def training_lines(self) -> SyntheticLines:
        """What every variant learns from."""
        return self._lines(self.seed, ENDLESS, SyntheticStyle(longest=self.longest), testing=False)

    def validation(self) -> SyntheticLines:
        """What every variant's checkpoints are compared on: other lines in the fonts of the training."""
        return self._lines(VALIDATION_SEED, self.validation_lines, SyntheticStyle(longest=self.longest), testing=False)

    def test_set(self, name: str) -> list[TrainingLine]:
        """The lines of one of the ``TEST_SETS``, without their columns.

        Raises:
            TrainingError: no font is kept for testing.
        """
        style = SyntheticStyle(longest=self.longest, **TEST_SETS[name])
        if name == "long":
            shortest, longest = (int(times * self.longest) for times in LONG_TIMES)
            style = replace(style, shortest=shortest, longest=longest)
        source = self._lines(TEST_SEED + list(TEST_SETS).index(name), ENDLESS, style, testing=True)
        drawn = (source[index] for index in itertools.count())
        kept = (line for line in drawn if name != "long" or self.is_long(line))
        return [replace(line, columns=None) for line in itertools.islice(kept, self.test_lines)]

    def is_long(self, line: TrainingLine) -> bool:
        """Whether a line has more code points than any training line of its script."""
        return len(line.text) > int(self.longest * LENGTHS[line.script])

    def faces(self, *, testing: bool) -> tuple[FontFace, ...]:
        """The fonts of training lines, or those of the families that are kept for testing.

        Raises:
            TrainingError: there are none.
            AlphabetError: there are no fonts at all.
        """
        found = tuple(face for face in _fonts(self.fonts) if face.held_out == testing)
        if not found:
            where = self.fonts or "the folders of the system"
            raise TrainingError(
                f"no font in {where} is of a family to {'test' if testing else 'train'} with, and both kinds are needed; "
                f"kept for testing are {', '.join(HELD_OUT)} (make fonts installs them)"
            )
        return found

    def _lines(self, seed: int, count: int, style: SyntheticStyle, *, testing: bool) -> SyntheticLines:
        return SyntheticLines(self.symbols, seed=seed, count=count, style=style, fonts=self.faces(testing=testing))


@cache
def _fonts(folder: str) -> tuple[FontFace, ...]:
    """Looking for fonts takes seconds."""
    return find_fonts(folder) if folder else find_fonts()


def variants_of(names: Sequence[str]) -> list[str]:
    """Each name once, in the order of ``VARIANTS``; what all is about, ``lstm`` and ``none``, is always among them."""
    return [name for name in VARIANTS if name in ("lstm", "none", *names)]


def parameter_count(config: CrnnConfig) -> int:
    """Weights and biases of a network."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in CRNN(config).parameters())


def widened(config: CrnnConfig, parameters: int) -> CrnnConfig:
    """The network with its backbone just so much wider that it has at least as many parameters."""
    scales = (config.backbone_scale * hundredths / 100 for hundredths in itertools.count(100))
    candidates = (replace(config, backbone_scale=scale) for scale in scales)
    return next(candidate for candidate in candidates if parameter_count(candidate) >= parameters)


def multiply_adds(model: CRNN, columns: int = TIMED_COLUMNS) -> int:
    """Products of a weight with a value while one line of so many columns is read."""
    counted: list[int] = []

    def count(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: Any) -> None:
        weights = sum(weight.numel() for name, weight in module.named_parameters() if "bias" not in name)
        shape = (output[0] if isinstance(output, tuple) else output).shape
        positions = shape[2] * shape[3] if isinstance(module, nn.Conv2d) else shape[1]
        counted.append(weights * positions)

    kinds = (nn.Conv2d, nn.Linear, nn.LSTM, nn.GRU)
    hooks = [module.register_forward_hook(count) for module in model.modules() if isinstance(module, kinds)]
    try:
        with torch.inference_mode():
            model(torch.zeros(1, model.config.channels, model.config.height, columns))
    finally:
        for hook in hooks:
            hook.remove()
    return sum(counted)


def fingerprint(lines: SyntheticLines, count: int = FINGERPRINT_LINES) -> str:
    """A hash of the first lines: other fonts, words or another renderer give another one."""
    digest = hashlib.sha256()
    for index in range(count):
        line = lines[index]
        digest.update(line.text.encode() + line.image.tobytes())
    return digest.hexdigest()[:16]


def told(study: Study, variant: str) -> dict[str, Any]:
    """Everything that decides what a training comes to; a run that was told otherwise is another run."""
    settings = asdict(study.settings())
    del settings["workers"], settings["device"]
    return {
        "variant": variant,
        "network": asdict(study.network(variant)),
        "alphabet": "".join(study.symbols),
        "longest": study.longest,
        "validation_lines": study.validation_lines,
        "settings": settings,
        "lines": fingerprint(study.training_lines()),
    }


def open_run(study: Study, variant: str, place: Path) -> RunFolder:
    """The folder of a variant's training, whether it is new, stopped half way, or done.

    Raises:
        TrainingError: the folder is that of another training.
        OutputError: it cannot be made.
    """
    wanted = told(study, variant)
    if not (place / STATE).exists():
        # New, or killed before its first checkpoint.
        (place / LOG).unlink(missing_ok=True)
        folder = RunFolder(place)
        folder.write_config(wanted)
        return folder
    folder = RunFolder(place, resume=True)
    found = folder.read_config()
    other = [name for name, value in wanted.items() if found.get(name) != value]
    if other:
        raise TrainingError(
            f"the run in {place} was told otherwise about {', '.join(other)}; name another folder with --runs, "
            f"or delete this one to train it anew"
        )
    return folder


def validations(folder: RunFolder) -> list[tuple[int, float]]:
    """Steps and error rates of a run's validations."""
    return [(entry["step"], entry["cer"]) for entry in folder.read_log() if entry["kind"] == "validation"]


def prepare(study: Study, variant: str, folder: RunFolder) -> Trainer | None:
    """The variant ready to be trained to its last step; None where it has been."""
    done = validations(folder)
    if done and done[-1][0] >= study.steps:
        return None
    alphabet = Alphabet.from_symbols(study.symbols, blank=0)
    pupil = new_crnn(study.network(variant), alphabet, seed=study.seed)
    trainer = Trainer(pupil, study.settings(), study.training_lines(), study.validation(), folder)
    if folder.state.exists():
        trainer.resume()
    return trainer


@dataclass(frozen=True)
class Finding:
    """What became of one variant.

    Attributes:
        variant: its name.
        parameters: weights and biases.
        multiply_adds: for one line of 32 x 320.
        sees: columns that one frame of the backbone sees.
        milliseconds: median time of one line of 32 x 320, network and greedy decoding, one thread.
        training_seconds: over all sessions of the run, whatever else the machine did.
        training_lines: lines learned from.
        hidden_lines: of those, lines whose text needs more frames than there are.
        validations: steps and error rates on the validation lines.
        readings: of each test set.
    """

    variant: str
    parameters: int
    multiply_adds: int
    sees: int
    milliseconds: float
    training_seconds: float
    training_lines: int
    hidden_lines: int
    validations: tuple[tuple[int, float], ...]
    readings: dict[str, Evaluation]


def findings(folders: Mapping[str, RunFolder], sets: Mapping[str, list[TrainingLine]]) -> list[Finding]:
    """How the trained variants read the sets of test lines.

    Raises:
        CheckpointError: a run left no model.
    """
    recognizers = {variant: load_recognizer(folder.best(".safetensors")) for variant, folder in folders.items()}
    times = line_times(recognizers)
    return [
        _finding(variant, folder, recognizers[variant], times[variant], sets) for variant, folder in folders.items()
    ]


def _finding(
    variant: str,
    folder: RunFolder,
    recognizer: Recognizer,
    milliseconds: float,
    sets: Mapping[str, list[TrainingLine]],
) -> Finding:
    recognizer = with_torch(recognizer)
    assert isinstance(recognizer, CtcRecognizer)
    model = recognizer.module
    assert isinstance(model, CRNN)
    last = [entry for entry in folder.read_log() if entry["kind"] == "step"][-1]
    return Finding(
        variant,
        sum(parameter.numel() for parameter in model.parameters()),
        multiply_adds(model),
        round(recognizer.frame_grid(TIMED_COLUMNS).receptive_field),
        milliseconds,
        last["seconds"],
        last["lines"],
        last["hidden"],
        tuple(validations(folder)),
        {name: evaluate(recognizer, lines) for name, lines in sets.items()},
    )


def line_times(recognizers: Mapping[str, Recognizer], *, budget: float = 6.0) -> dict[str, float]:
    """Median milliseconds in which each reads one line of 32 x 320 on one thread, run in turn."""
    pixels = torch.linspace(-1, 1, 32 * TIMED_COLUMNS).reshape(1, 1, 32, TIMED_COLUMNS)

    def job(recognizer: Recognizer) -> Callable[[], object]:
        return lambda: greedy(Emission(recognizer.log_probs(pixels)[0].numpy(), recognizer.alphabet))

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            seconds = interleaved({name: job(found) for name, found in recognizers.items()}, budget=budget)
    finally:
        torch.set_num_threads(threads)
    return {name: 1e3 * value for name, value in seconds.items()}
