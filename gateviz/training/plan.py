"""A training run as a person asks for it, and everything it needs made ready."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from gateviz.adapters.registry import load_recognizer
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig
from gateviz.errors import TrainingError
from gateviz.networks.crnn import CRNN
from gateviz.training.line_check import check_lines, network_frames, symbols_in
from gateviz.training.line_files import LineFiles
from gateviz.training.line_report import LineReport
from gateviz.training.line_split import LineMix, LineSubset, split_lines
from gateviz.training.pupil import Pupil, new_crnn
from gateviz.training.run_folder import RunFolder
from gateviz.training.settings import TrainSettings
from gateviz.training.trainer import Trainer
from gateviz.training.transfer import pupil_from, take_backbone
from gateviz.typesetting.alphabets import symbols_of
from gateviz.typesetting.fonts import find_fonts
from gateviz.typesetting.lines import LineSet
from gateviz.typesetting.synthetic import SyntheticLines, SyntheticStyle

ENDLESS = 2**40
# What runs did that were begun before they could be told otherwise; they go on as they were.
_BEFORE = {"normalized": False, "cell_weight": 0.0}
VALIDATION_SEED = 1_000_003


@dataclass(frozen=True)
class TrainPlan:
    """What to train, on what.

    Attributes:
        settings: of the training loop.
        lines: folders, manifests and LMDBs of lines; without any, synthetic lines.
        validation: of lines to validate on; without any, a share of ``lines``, or synthetic lines in
            fonts that no training line has.
        validation_share: of ``lines`` that is kept for validation.
        validation_count: synthetic lines to validate on.
        synthetic_share: of the lines to train on, where ``lines`` are named.
        scripts: of synthetic lines, with their weights; empty for the renderer's own.
        longest: code points of a synthetic line, at most; 0 for the renderer's own.
        long_share: of lines up to three times as long.
        photo_share: of synthetic lines that are photographs.
        loose_share: of synthetic lines that are loosely cropped.
        fonts: a folder of fonts for synthetic lines; empty for the system's.
        alphabet: as ``symbols_of`` takes it; empty for the symbols of ``lines``, or those of ``start``.
        start: a checkpoint to go on from; empty for random weights.
        backbone_start: a model of gateviz's own whose backbone to begin with; empty for random weights.
        network: ``CrnnConfig``'s fields but the class count, of a network with random weights.
        widen: times the width of a line that keeps its aspect, of a network with random weights.
        crop: cut loosely cropped lines to their ink, of a network with random weights.
        half: write the best model as float16.
        skip_bad: train without the lines that cannot be learned from, instead of refusing.
    """

    settings: TrainSettings
    lines: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    validation_share: float = 0.05
    validation_count: int = 400
    synthetic_share: float = 0.0
    scripts: Mapping[str, float] = field(default_factory=dict)
    longest: int = 0
    long_share: float = 0.0
    photo_share: float = 0.0
    loose_share: float = 0.0
    fonts: str = ""
    alphabet: str = ""
    start: str = ""
    backbone_start: str = ""
    network: Mapping[str, Any] = field(default_factory=dict)
    widen: float = 1.0
    crop: bool = False
    half: bool = False
    skip_bad: bool = False

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON has it."""
        return asdict(self)

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "TrainPlan":
        """The plan in a run's config.

        Raises:
            TrainingError: it is not one.
        """
        known = {entry.name for entry in fields(cls)}
        try:
            settings = TrainSettings(**_BEFORE | document["settings"])
            rest = {name: value for name, value in document.items() if name in known - {"settings"}}
            for name in ("lines", "validation"):
                rest[name] = tuple(rest[name])
            return cls(settings, **rest)
        except (KeyError, TypeError) as error:
            raise TrainingError(f"the run's config is no training plan of this gateviz: {error}") from error

    def prepare(
        self,
        folder: RunFolder,
        *,
        on_report: Callable[[LineReport], None] = lambda report: None,
        on_progress: Callable[[int, int], None] = lambda done, count: None,
    ) -> Trainer:
        """Everything made ready to train: lines checked, the network built.

        Args:
            folder: where the run leaves what it makes.
            on_report: is told what looking at the lines has found, before anything is refused.
            on_progress: is told how many lines of a set have been looked at, and how many it has; the lines
                to train on and those to validate on, where both are named, are two sets.

        Raises:
            TrainingError: lines cannot be learned from (their report is the message), the plan asks for
                what does not go together, or there is no such device.
            AlphabetError: the alphabet cannot be had, or has no fonts.
            CheckpointError: the model to go on from cannot be read.
            ImageError: the lines cannot be read.
        """
        _require_device(self.settings.device)
        torch.manual_seed(self.settings.seed)
        checks = _LineChecks(self.skip_bad, on_report, on_progress)
        own = LineFiles(*self.lines) if self.lines else None
        pupil = self._pupil(own)
        # A run that goes on has its own backbone, and needs no longer the file that it began with.
        if self.backbone_start and not folder.state.is_file():
            assert isinstance(pupil.recognizer.module, CRNN)
            take_backbone(pupil.recognizer.module, Path(self.backbone_start))
        symbols = pupil.recognizer.alphabet.symbols
        if own is None:
            if self.synthetic_share:
                raise TrainingError(
                    "a share of synthetic lines was asked for, and no lines of your own to mix them with"
                )
            lines: LineSet = self._synthetic(symbols, self.settings.seed, ENDLESS, held_out=False)
            kept = None
        else:
            good = checks.good(own, pupil)
            learn, kept = (
                (LineSubset(own, good), None)
                if self.validation
                else split_lines(own, self.validation_share, among=good)
            )
            lines = learn
            if self.synthetic_share:
                synthetic = self._synthetic(symbols, self.settings.seed, ENDLESS, held_out=False)
                lines = LineMix(learn, synthetic, self.synthetic_share, self.settings.seed)
        return Trainer(pupil, self.settings, lines, self._validation(pupil, kept, checks), folder)

    def _pupil(self, own: LineFiles | None) -> Pupil:
        symbols = symbols_of(self.alphabet) if self.alphabet else None
        if self.start:
            more = {"widen": self.widen != 1, "crop": self.crop, "backbone-from": bool(self.backbone_start)}
            named = [*self.network, *(name for name, asked in more.items() if asked)]
            if named:
                raise TrainingError(
                    f"{self.start} says itself how it is put together; leave {', '.join(named)} out, "
                    f"or train from random weights"
                )
            recognizer = load_recognizer(self.start)
            return pupil_from(recognizer, symbols, Path(self.start), half=self.half)
        if symbols is None:
            symbols = symbols_in(own) if own is not None else symbols_of("ascii")
        alphabet = Alphabet.from_symbols(symbols, blank=0)
        config = CrnnConfig(alphabet.class_count, **self.network)
        seed = self.settings.seed
        return new_crnn(config, alphabet, widen=self.widen, crop=self.crop, seed=seed, half=self.half)

    def _synthetic(self, symbols: tuple[str, ...], seed: int, count: int, *, held_out: bool) -> SyntheticLines:
        chosen: dict[str, Any] = {
            "long_share": self.long_share,
            "photo_share": self.photo_share,
            "loose_share": self.loose_share,
        }
        if self.scripts:
            chosen["scripts"] = dict(self.scripts)
        if self.longest:
            chosen["longest"] = self.longest
        fonts = find_fonts(self.fonts) if self.fonts else None
        style = SyntheticStyle(held_out=held_out, **chosen)
        return SyntheticLines(symbols, seed=seed, count=count, style=style, fonts=fonts)

    def _validation(self, pupil: Pupil, kept: LineSubset | None, checks: "_LineChecks") -> LineSet:
        if self.validation:
            lines = LineFiles(*self.validation)
            return LineSubset(lines, checks.good(lines, pupil))
        if kept is not None:
            return kept
        symbols = pupil.recognizer.alphabet.symbols
        return self._synthetic(symbols, VALIDATION_SEED, self.validation_count, held_out=True)


@dataclass(frozen=True)
class _LineChecks:
    """How sets of lines are looked at before training.

    Attributes:
        skip_bad: leave out what cannot be learned from.
        on_report: as ``prepare`` has it.
        on_progress: as ``prepare`` has it.
    """

    skip_bad: bool
    on_report: Callable[[LineReport], None]
    on_progress: Callable[[int, int], None]

    def good(self, lines: LineFiles, pupil: Pupil) -> tuple[int, ...]:
        """Indices of the lines to use.

        Raises:
            TrainingError: some cannot be learned from and are not to be left out, or all of them.
        """
        recognizer: CtcRecognizer = pupil.recognizer
        frames = network_frames(recognizer.preprocess, recognizer.geometry)
        report = check_lines(
            lines, recognizer.alphabet, frames, progress=lambda done: self.on_progress(done, len(lines))
        )
        self.on_report(report)
        return report.usable(skip_bad=self.skip_bad)


def computes_bfloat16(name: str) -> bool:
    """Whether a device has bfloat16 in its instruction set; elsewhere it is emulated, and slower than float32."""
    try:
        device = torch.device(name)
    except RuntimeError:
        return False
    if device.type == "cuda":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def _require_device(name: str) -> None:
    """There is such a device.

    Raises:
        TrainingError: there is none.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise TrainingError(f"there is no device {name!r}; train on cpu, cuda or cuda:1") from error
    if device.type not in ("cpu", "cuda"):
        raise TrainingError(f"training on the device {name!r} is not supported; train on cpu, cuda or cuda:1")
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise TrainingError(
            f"training on {name} was asked for, and torch {torch.__version__} finds {count} GPUs here; "
            f"train on cpu, or install a torch that knows your GPU"
        )
