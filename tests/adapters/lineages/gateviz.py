"""The project's own models, whose file says everything itself."""

import importlib.util
import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from safetensors.torch import save_file

from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import DOCUMENT_KEY, CrnnInput

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(Path(__file__).parents[1] / "golden" / "formula.py")

SMALL = CrnnConfig(9, backbone="vgg_small", backbone_scale=0.1, hidden_size=5)
SYMBOLS = "abcdefgh"


def _state(config):
    return formula.fill(CRNN(config).state_dict())


def _save(config, folder, state):
    document = {
        "format_version": 1,
        "config": asdict(config),
        "alphabet": {"symbols": list(SYMBOLS), "codes": [[n + 1] for n in range(len(SYMBOLS))], "blank": 0},
        "preprocessing": asdict(CrnnInput()),
        "notes": {},
    }
    save_file(state, folder / "own.safetensors", metadata={DOCUMENT_KEY: json.dumps(document)})
    return folder / "own.safetensors"


def _case(name, config):
    both = ("forward", "backward")
    return conformance.Case(
        name=name,
        adapter="gateviz",
        state=partial(_state, config),
        save=partial(_save, config),
        channels=config.channels,
        height=config.height,
        narrow=20,
        wide=142,
        blank=0,
        symbols=len(SYMBOLS),
        layers=tuple(f"{layer}.{direction}" for layer in range(config.depth) for direction in both),
    )


CASES = (
    _case("gateviz_vgg_small", SMALL),
    _case("gateviz_vgg", replace(SMALL, backbone="vgg")),
    _case("gateviz_mobilenet_v3", replace(SMALL, backbone="mobilenet_v3")),
    _case("gateviz_gru", replace(SMALL, recurrent="gru")),
)
