"""EasyOCR's recognizers: clovaai's ResNet (generation 1) and VGG (generation 2) at sizes of EasyOCR's own.

The keys are clovaai's; ``clovaai.adapter`` says how the two are told apart. The file does not say what
its classes stand for. Within a generation no two of EasyOCR's models have the same number of classes, so
the list of characters is that of the model with as many, read from an installed ``easyocr`` as text.

EasyOCR reads a line a second time, with more contrast, where it is less than 10 % sure of the first
reading: that second look is the variant ``easyocr_contrast``. It also silences the characters of languages
that were not asked for, which is done here for no class. On a CPU it quantizes its LSTMs; what is shown
here are the float weights of its files.

Nothing of an installed ``easyocr`` is imported or run. Each of its models has a list of characters in
``easyocr/config.py``, and each language one in ``easyocr/character/``. The former is Python: it is parsed, and
only strings put together by ``+`` (and by one join of the separators that Thai has) are taken.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from gateviz.adapters.clovaai.adapter import ClovaaiAdapter, is_easyocr
from gateviz.adapters.clovaai.lines import VARIANTS
from gateviz.adapters.clovaai.network import Clovaai
from gateviz.adapters.core.files import Checkpoint
from gateviz.errors import AlphabetError
from gateviz.files.inputs import read_input

LARGEST_FILE = 4 * 1024**2
_KINDS = {"gen1": 1, "gen2": 2}
_TABLE = "recognition_models"
_SEPARATORS = "separator_list"
_LANGUAGE = "_char.txt"


@dataclass(frozen=True)
class EasyOcrModel:
    """One of EasyOCR's recognizers.

    Attributes:
        name: as EasyOCR calls it, such as ``latin_g2``.
        generation: 1 (ResNet) or 2 (VGG).
        filename: of its checkpoint.
        characters: its symbols, in the order of their labels, from 1.
    """

    name: str
    generation: int
    filename: str
    characters: str


def installed_folder() -> Path | None:
    """Where ``easyocr`` is installed; None where it is not. Looks for the package and does not import it."""
    try:
        spec = find_spec("easyocr")
    except (ImportError, ValueError):
        return None
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def models_in(folder: Path) -> tuple[EasyOcrModel, ...]:
    """The models of an installed package; none where its config cannot be read."""
    try:
        return tuple(_models(ast.parse(_text(folder / "config.py"))))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


def _models(tree: ast.Module) -> Iterator[EasyOcrModel]:
    tables = {
        statement.targets[0].id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    separators = "".join(_strings(tables.get(_SEPARATORS)))
    for kind, models in _items(tables.get(_TABLE)):
        for name, model in _items(models):
            fields = {key: _string(value, separators) for key, value in _items(model)}
            if kind in _KINDS and (characters := fields.get("characters")):
                yield EasyOcrModel(name, _KINDS[kind], fields.get("filename") or "", characters)


def languages_of(folder: Path, characters: str) -> tuple[str, ...]:
    """Codes of the languages, such as ``de``, all of whose characters are among the given ones."""
    known, found = set(characters), []
    for path in sorted((folder / "character").glob(f"*{_LANGUAGE}")):
        try:
            needed = set("".join(_text(path).splitlines()))
        except (OSError, ValueError):
            continue
        if needed and needed <= known:
            found.append(path.name.removesuffix(_LANGUAGE))
    return tuple(found)


def _text(path: Path) -> str:
    """The text of a file of bounded size.

    Raises:
        OSError: the file cannot be read.
        AlphabetError: it is too large.
        ValueError: it is not UTF-8.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise AlphabetError(
            f"{path} has {path.stat().st_size:,} bytes, and at most {LARGEST_FILE:,} are read; install easyocr anew"
        )
    return read_input(path).decode("utf-8-sig").replace("\r\n", "\n")


def _items(node: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    """Keys and values of a dictionary that stands in the source."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value


def _strings(node: ast.expr | None) -> Iterator[str]:
    """Every string of a dictionary of lists, in order."""
    for _, values in _items(node):
        for value in values.elts if isinstance(values, ast.List) else ():
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


def _string(node: ast.expr, separators: str) -> str | None:
    """A string, or strings put together; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _string(node.left, separators), _string(node.right, separators)
        return None if left is None or right is None else left + right
    joined = ast.unparse(node) if isinstance(node, ast.Call) else ""
    return separators if joined == "''.join(separator_char)" else None


def model_of(models: tuple[EasyOcrModel, ...], generation: int, count: int) -> EasyOcrModel | None:
    """The model of a generation with so many characters; None where there is none, or more than one."""
    fitting = [model for model in models if (model.generation, len(model.characters)) == (generation, count)]
    return fitting[0] if len(fitting) == 1 else None


GENERATIONS = {"ResNet": 1, "VGG": 2}
ENGLISH = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""The characters of ``english_g2``, known without an installed ``easyocr``."""


class EasyOcrAdapter(ClovaaiAdapter):
    """Knows the checkpoints of EasyOCR's recognizers and of those trained by its trainer."""

    name = "easyocr"
    of_easyocr: ClassVar[bool] = True

    @property
    def variants(self) -> tuple[str, ...]:
        """The preprocessings, EasyOCR's first."""
        return tuple(sorted(VARIANTS, key=lambda variant: not variant.startswith("easyocr")))

    def evidence(self, module: Clovaai) -> tuple[str, ...]:
        """What speaks for clovaai's network, and for EasyOCR's sizes."""
        shape = module.shape
        if not is_easyocr(shape):
            return super().evidence(module)
        sizes = f"{shape.channels[-1]} channels and as many units"
        return *super().evidence(module), f"EasyOCR's sizes (generation {GENERATIONS[shape.backbone]}): {sizes}"

    def symbols(self, module: Clovaai, checkpoint: Checkpoint) -> str:
        """The characters of EasyOCR's model of this generation with as many classes; empty where there is none."""
        model = _model(module)
        return model.characters if model else ""

    def remarks(self, module: Clovaai) -> Mapping[str, str]:
        """Which of EasyOCR's models has as many classes, and where its characters were found."""
        folder, model = installed_folder(), _model(module)
        looked = "as the installed easyocr lists it" if folder else "known without an installed easyocr"
        if model is None:
            why = "of those in the installed easyocr" if folder else "(no easyocr is installed to look in)"
            return {"model": f"none {why} has {module.shape.classes} classes"}
        remarks = {"model": f"{model.name} (generation {model.generation}), by its number of classes, {looked}"}
        if folder and (languages := languages_of(folder, model.characters)):
            remarks["languages in full"] = ", ".join(languages)
        return remarks


def _model(module: Clovaai) -> EasyOcrModel | None:
    """EasyOCR's model of the module's generation with as many classes."""
    folder = installed_folder()
    models = models_in(folder) if folder else ()
    own = EasyOcrModel("english_g2", GENERATIONS["VGG"], "english_g2.pth", ENGLISH)
    generation, count = GENERATIONS[module.shape.backbone], module.shape.classes - 1
    return model_of(models, generation, count) or model_of((own,), generation, count)


ADAPTER = EasyOcrAdapter()
