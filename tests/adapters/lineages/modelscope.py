"""ModelScope's CRNN, published and fine-tuned, for color and for gray images."""

import importlib.util
from functools import partial
from pathlib import Path

from gateviz.adapters.modelscope import FineTuned, ModelscopeCrnn, ModelscopeShape

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

SYMBOLS = "0123456789的一"
SMALL = ModelscopeShape((2, 2, 3, 3, 3, 3, 4), (5, 6), (5, 7), 13)


def state_of(fine_tuned=False):
    network = ModelscopeCrnn(SMALL)
    return formula.fill_normed((FineTuned(network) if fine_tuned else network).state_dict())


def _case(name, fine_tuned, channels, **options):
    return conformance.Case(
        name=name,
        adapter="modelscope",
        state=partial(state_of, fine_tuned),
        options={"alphabet": SYMBOLS, **options},
        channels=channels,
        height=32,
        narrow=20,
        wide=141,
        blank=0,
        symbols=len(SYMBOLS),
        layers=("0.forward", "0.backward", "1.forward", "1.backward"),
    )


CASES = (_case("modelscope", False, 3), _case("modelscope_fine_tuned_gray", True, 1, variant="gray"))
