"""What the conformance suite (``test_conformance.py``) asks of every lineage: one ``Case`` a network.

A file ``lineages/<name>.py`` has a tuple ``CASES``. Test folders are no packages, so it loads this file by its path:

    _spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
    conformance = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(conformance)

    CASES = (conformance.Case(name="crnn_pytorch", ...),)
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

FOLDER = Path(__file__).parent
WIDTH_COUNT = 40


@dataclass(frozen=True)
class Case:
    """One network of a lineage, small enough to run hundreds of times.

    Attributes:
        name: of the case, one word, such as ``clovaai_vgg``.
        adapter: ``card.lineage`` of the recognizer, the adapter's name in the registry.
        state: makes the weights (``golden/formula.py``'s ``fill``).
        channels: of the network's input.
        height: of the network's input.
        narrow: the first of the 40 widths of the network's input whose frames are counted.
        wide: the width of the network's input that everything else is tried on.
        blank: its label.
        symbols: how many symbols the alphabet has.
        layers: what is traced, in the recording's order, such as ("0.forward", "0.backward").
        save: writes weights to a file in a folder and returns its path; None is ``torch.save`` to
            ``model.pth``, and only then are wrapped dictionaries and prefixes tried.
        options: keyword arguments of ``gateviz.load`` (``alphabet``, ``variant``, ...).
        without: parts of the suite that cannot be asked of this case, with the reason. The parts are
            the names of its tests without ``test_``.
        extra_tensor: name of a tensor that the network does not have and the file could.
        extra_classes: classes that stand for no symbol and are not the blank.
    """

    name: str
    adapter: str
    state: Callable[[], Mapping[str, torch.Tensor]]
    channels: int
    height: int
    narrow: int
    wide: int
    blank: int
    symbols: int
    layers: tuple[str, ...]
    save: Callable[[Path, Mapping[str, torch.Tensor]], Path] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    extra_tensor: str = "another_head.weight"
    extra_classes: int = 0

    @property
    def widths(self) -> range:
        """40 widths side by side, so that every remainder of the stride is among them."""
        return range(self.narrow, self.narrow + WIDTH_COUNT)

    def saved(self, folder: Path, state: Mapping[str, torch.Tensor] | None = None) -> Path:
        """The weights in a file."""
        state = dict(self.state() if state is None else state)
        if self.save is not None:
            return self.save(folder, state)
        torch.save(state, folder / "model.pth")
        return folder / "model.pth"


def load_file(path: Path) -> Any:
    """A Python file of the tests as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def all_cases() -> list[Case]:
    """The cases of every file in ``lineages``."""
    return [case for path in sorted((FOLDER / "lineages").glob("*.py")) for case in load_file(path).CASES]
