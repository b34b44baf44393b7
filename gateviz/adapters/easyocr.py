"""EasyOCR's recognizers: clovaai's ResNet (generation 1) and VGG (generation 2) at sizes of EasyOCR's own.

The keys are clovaai's; ``adapters.clovaai`` says how the two are told apart. The file does not say what
its classes stand for. Within a generation no two of EasyOCR's models have the same number of classes, so
the list of characters is that of the model with as many, read from an installed ``easyocr`` as text.

EasyOCR reads a line a second time, with more contrast, where it is less than 10 % sure of the first
reading: that second look is the variant ``easyocr_contrast``. It also silences the characters of languages
that were not asked for, which is done here for no class. On a CPU it quantizes its LSTMs; what is shown
here are the float weights of its files.
"""

from collections.abc import Mapping
from typing import ClassVar

from gateviz.adapters.checkpoint import Checkpoint
from gateviz.adapters.clovaai import ClovaaiAdapter, is_easyocr
from gateviz.adapters.clovaai_lines import VARIANTS
from gateviz.adapters.clovaai_network import Clovaai
from gateviz.adapters.easyocr_characters import EasyOcrModel, installed_folder, languages_of, model_of, models_in

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
