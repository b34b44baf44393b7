"""The recognizer in training: its module, how its lines are prepared, and how it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import nn

from gateviz.adapters.own_card import preprocess_of
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig, CrnnInput
from gateviz.geometry.preprocess import Preprocess
from gateviz.lines.recognizer import RecognizerCard
from gateviz.networks.crnn import CRNN
from gateviz.networks.crnn_file import save_crnn


@runtime_checkable
class Writer(Protocol):
    """How a trained module becomes a file that ``gateviz.load`` reads."""

    @property
    def suffix(self) -> str:
        """Of the file's name."""

    def __call__(self, path: Path, module: nn.Module, notes: Mapping[str, str]) -> None:
        """Write it, whole or not at all.

        Raises:
            OutputError: the file cannot be written.
        """


@dataclass(frozen=True)
class CrnnWriter:
    """Writes gateviz's own model file.

    Attributes:
        alphabet: what the classes stand for.
        preprocessing: how lines are prepared.
        half: as float16.
    """

    alphabet: Alphabet
    preprocessing: CrnnInput
    half: bool = False
    suffix: str = ".safetensors"

    def __call__(self, path: Path, module: nn.Module, notes: Mapping[str, str]) -> None:
        """Write it, whole or not at all.

        Raises:
            OutputError: the file cannot be written.
        """
        assert isinstance(module, CRNN)
        save_crnn(path, module, self.alphabet, preprocessing=self.preprocessing, notes=notes, half=self.half)


@dataclass(frozen=True)
class Pupil:
    """What the trainer trains.

    Attributes:
        recognizer: the module with its alphabet, recipe and geometry.
        writer: how it is written down.
        trained: its weights have learned already: what comes between its layers must leave alone what they compute.
        early: how lines are prepared for the first part of the steps, where it is not the recognizer's way.
    """

    recognizer: CtcRecognizer
    writer: Writer
    trained: bool = False
    early: Preprocess | None = None


def new_crnn(
    config: CrnnConfig,
    alphabet: Alphabet,
    *,
    widen: float = 1.0,
    crop: bool = False,
    seed: int = 0,
    half: bool = False,
) -> Pupil:
    """A CRNN with random weights.

    Args:
        config: how it is put together.
        alphabet: what its classes stand for.
        widen: times the width of a line that keeps its aspect. The first part of the steps keeps it all the same:
            with more frames a symbol CTC does not find its first alignments.
        crop: loosely cropped lines are cut to their ink first, now and wherever the model is used.
        seed: of the weights; torch's generator is seeded with it.
        half: write it as float16.
    """
    torch.manual_seed(seed)
    pupil = crnn_pupil(CRNN(config), alphabet, CrnnInput(widen=widen, crop=crop), half=half)
    return pupil if widen == 1 else replace(pupil, early=preprocess_of(CrnnInput(crop=crop), config))


def crnn_pupil(module: CRNN, alphabet: Alphabet, preprocessing: CrnnInput, *, half: bool = False) -> Pupil:
    """A CRNN at hand, as something to train."""
    recipe = preprocess_of(preprocessing, module.config)
    recognizer = CtcRecognizer(
        module,
        alphabet,
        card=RecognizerCard("gateviz", preprocessing=recipe.words),
        preprocess=recipe,
        geometry=axis_geometry(module.backbone),
        layout="BTC",
        output="logits",
    )
    return Pupil(recognizer, CrnnWriter(alphabet, preprocessing, half))
