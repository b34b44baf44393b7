"""What is said of recognizers, recordings and results, in the words of JSON."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateviz.adapters.diagnosis import Diagnosis
    from gateviz.capture.recognizer import Recognizer
    from gateviz.data.alphabet import Alphabet
    from gateviz.data.frames import FrameGrid
    from gateviz.recording import Recording

# Network-input widths whose frame counts are told.
_WIDTHS = (100, 200, 320, 640)
_TRIAL_ROWS, _TRIAL_COLUMNS = 48, 320


def model_facts(recognizer: "Recognizer") -> dict[str, str]:
    """Which model read."""
    card = recognizer.card
    return {"lineage": card.lineage, "checkpoint": card.checkpoint, "sha256": card.checkpoint_sha256}


def versions() -> dict[str, str]:
    """Of what the numbers come from."""
    from importlib.metadata import version

    return {name: version(name) for name in ("gateviz", "torch", "numpy")}


def study_origin(recognizer: "Recognizer", corpus: "Sequence[Path]", limit: int | None) -> dict[str, Any]:
    """What was measured on what, so that the numbers can be had again."""
    return {
        "model": model_facts(recognizer),
        "corpus": list(map(str, corpus)),
        "limit": limit,
        "versions": versions(),
    }


def recognizer_facts(recognizer: "Recognizer") -> dict[str, Any]:
    """What is known of a recognizer; a line of noise is recorded to see which engine takes which layer, with its witness.

    Raises:
        GatevizError: that line cannot be recorded.
    """
    import numpy as np

    from gateviz.api import record
    from gateviz.runtime.choice import chosen_engine

    # Before the trial, which opens the torch network.
    reads = chosen_engine(recognizer).words
    card = recognizer.card
    noise = np.random.default_rng(0).integers(0, 256, (_TRIAL_ROWS, _TRIAL_COLUMNS), dtype=np.uint8)
    trial = record(recognizer, noise, engine="torch")
    return {
        "lineage": card.lineage,
        "evidence": list(card.evidence),
        "checkpoint": card.checkpoint,
        "sha256": card.checkpoint_sha256,
        "parameters": sum(parameter.numel() for parameter in recognizer.module.parameters()),
        "preprocessing": card.preprocessing,
        "details": dict(card.details),
        "frames": _frames(recognizer),
        "reads": reads,
        "layers_apart": _layers_apart(recognizer, trial),
        "layers": _layers(recognizer, trial),
        "engines": _engine_reasons(trial),
        "witness": trial.provenance.witness,
        "network": _network(recognizer),
        "alphabet": alphabet_facts(recognizer.alphabet),
    }


def recording_facts(recording: "Recording") -> dict[str, Any]:
    """What a recording holds."""
    grid, provenance = recording.grid, recording.provenance
    return {
        "text": recording.text if recording.emission is not None else None,
        "image": None if recording.image is None else {"columns": grid.source_width, "rows": recording.image.shape[0]},
        "frames": {"count": grid.frame_count} | _grid_facts(grid),
        "layers_apart": recording.layers_apart or None,
        "alphabet": None if recording.emission is None else alphabet_facts(recording.emission.alphabet),
        "traces": [
            {
                "layer": trace.layer,
                "direction": str(trace.direction),
                "units": trace.unit_count,
                "quantities": ", ".join(trace.values),
                "module": trace.module,
                **(_grid_facts(recording.grid_of(trace)) if recording.layers_apart else {}),
            }
            for trace in recording.traces
        ],
        "provenance": {
            "lineage": provenance.adapter,
            "checkpoint": provenance.checkpoint,
            "sha256": provenance.checkpoint_sha256,
            "image": provenance.image,
            "device": provenance.device,
            "created": provenance.created,
            "witness": provenance.witness,
            "edits": list(provenance.edits),
            "versions": dict(provenance.versions),
            "engines": dict(provenance.engine),
        },
    }


def alphabet_facts(alphabet: "Alphabet") -> dict[str, Any]:
    """What an alphabet holds."""
    return {
        "symbol_count": len(alphabet.symbols),
        "class_count": alphabet.class_count,
        "blank": alphabet.blank,
        "longest_code": alphabet.longest_code,
        "symbols": list(alphabet.symbols),
    }


def _grid_facts(grid: "FrameGrid") -> dict[str, Any]:
    return {"stride": grid.stride, "first_center": grid.first_center, "receptive_field": grid.receptive_field}


def _frames(recognizer: "Recognizer") -> dict[str, Any]:
    """The geometry in columns of the network's input, and T for some widths of it."""
    from gateviz.errors import GeometryError

    grids: dict[int, FrameGrid] = {}
    for width in _WIDTHS:
        try:
            grids[width] = recognizer.frame_grid(width)
        except GeometryError:  # not every network takes every width
            continue
    counts = {f"T_at_{width}": grid.frame_count for width, grid in grids.items()}
    return {**(_grid_facts(next(iter(grids.values()))) if grids else {}), **counts}


def _layers_apart(recognizer: "Recognizer", trial: "Recording") -> str | None:
    """In columns of the network's input where a width of it is known, else of the line of noise."""
    from gateviz.capture.layer_grids import layers_apart
    from gateviz.errors import GeometryError

    for width in _WIDTHS:
        try:
            return layers_apart(recognizer, width) or None
        except GeometryError:  # not every network takes every width
            continue
    return trial.layers_apart or None


def _layers(recognizer: "Recognizer", trial: "Recording") -> list[dict[str, Any]]:
    modules = dict(recognizer.module.named_modules())
    first: dict[str, int] = {}
    for trace in trial.traces:
        first.setdefault(trace.module, trace.layer)
    return [
        {
            "layer": trace.layer,
            "direction": str(trace.direction),
            "kind": type(modules[trace.module]).__name__ if trace.module in modules else "",
            "inputs": _inputs(modules.get(trace.module), trace.layer - first[trace.module]),
            "units": trace.unit_count,
            "engine": trial.provenance.engine.get(trace.module, ""),
            "module": trace.module,
        }
        for trace in trial.traces
    ]


def _inputs(module: Any, layer: int) -> int | None:
    """Features that a layer of a recurrent module is given."""
    weights = getattr(module, f"weight_ih_l{layer}", getattr(module, "weight_ih", None))
    return None if weights is None else int(weights.shape[1])


def _network(recognizer: "Recognizer") -> list[dict[str, Any]]:
    """Every layer that has weights of its own, in the order of its name, with their sizes."""
    found = []
    for name, module in recognizer.module.named_modules():
        own = dict(module.named_parameters(recurse=False))
        if own:
            weight = own.get("weight", own.get("weight_ih_l0", next(iter(own.values()))))
            size = " x ".join(str(count) for count in weight.shape)
            count = sum(parameter.numel() for parameter in own.values())
            found.append({"name": name, "kind": type(module).__name__, "weight": size, "parameters": count})
    return found


def diagnosis_facts(found: "Diagnosis") -> dict[str, Any]:
    """What is known of a file that does not load: what it holds, and what keeps it from being each lineage."""
    nearest = next(iter(found.matches), None)
    facts: dict[str, Any] = {
        "checkpoint": found.path.name,
        "bytes": found.size,
        "container": found.container,
        "unwrapping": list(found.unwrapping),
        "tensors": len(found.shapes),
        "parameters": found.parameters,
        "recurrent": [
            {
                "module": layer.module,
                "layer": layer.layer,
                "kind": layer.kind,
                "directions": layer.directions,
                "inputs": layer.inputs,
                "units": layer.units,
            }
            for layer in found.recurrent
        ],
        "lineages": [
            {"lineage": name, "found": f"{match.score:.0%}", "differences": len(match.missing)}
            for name, match in found.matches
        ],
    }
    if nearest is not None and nearest[1].score > 0:
        name, match = nearest
        facts["nearest"] = {"lineage": name, "evidence": list(match.evidence), "misses": list(match.missing)}
    else:
        # Nothing is near, so what there is has to speak for itself.
        facts["keys"] = [f"{name} {list(shape)}" for name, shape in found.shapes.items()]
    return facts


def _engine_reasons(trial: "Recording") -> dict[str, str]:
    """Why each engine that was at work took its layers: the rule, of which edits are left out here."""
    from gateviz.capture.engines import ENGINES

    reasons = {str(branch.engine): branch.sentence for branch in ENGINES.rule}
    used = dict.fromkeys(trial.provenance.engine.values())
    return {engine: reasons.get(engine, "") for engine in used}
