"""What ``gateviz info`` says of recognizers and recordings, in the words of JSON."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
    from gateviz.data.alphabet import Alphabet
    from gateviz.data.frames import FrameGrid
    from gateviz.recording import Recording

# Network-input widths whose frame counts are told.
_WIDTHS = (100, 200, 320, 640)
_TRIAL_ROWS, _TRIAL_COLUMNS = 48, 320


def recognizer_facts(recognizer: "Recognizer") -> dict[str, Any]:
    """What is known of a recognizer; a blank line is recorded to see which engine takes which layer.

    Raises:
        GatevizError: the blank line cannot be recorded.
    """
    import numpy as np

    from gateviz.api import record

    card = recognizer.card
    trial = record(recognizer, np.full((_TRIAL_ROWS, _TRIAL_COLUMNS), 255, dtype=np.uint8), witness=False)
    return {
        "lineage": card.lineage,
        "evidence": list(card.evidence),
        "checkpoint": card.checkpoint,
        "sha256": card.checkpoint_sha256,
        "parameters": sum(parameter.numel() for parameter in recognizer.module.parameters()),
        "preprocessing": card.preprocessing,
        "details": dict(card.details),
        "frames": _frames(recognizer),
        "layers": _layers(recognizer, trial),
        "engines": _engine_reasons(trial),
        "alphabet": alphabet_facts(recognizer.alphabet),
    }


def recording_facts(recording: "Recording") -> dict[str, Any]:
    """What a recording holds."""
    grid, provenance = recording.grid, recording.provenance
    return {
        "text": recording.text if recording.emission is not None else None,
        "image": None if recording.image is None else {"columns": grid.source_width, "rows": recording.image.shape[0]},
        "frames": {"count": grid.frame_count} | _grid_facts(grid),
        "alphabet": None if recording.emission is None else alphabet_facts(recording.emission.alphabet),
        "traces": [
            {
                "layer": trace.layer,
                "direction": str(trace.direction),
                "units": trace.unit_count,
                "quantities": ", ".join(trace.values),
                "module": trace.module,
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


def _layers(recognizer: "Recognizer", trial: "Recording") -> list[dict[str, Any]]:
    modules = dict(recognizer.module.named_modules())
    return [
        {
            "layer": trace.layer,
            "direction": str(trace.direction),
            "kind": type(modules[trace.module]).__name__ if trace.module in modules else "",
            "units": trace.unit_count,
            "engine": trial.provenance.engine.get(trace.module, ""),
            "module": trace.module,
        }
        for trace in trial.traces
    ]


def _engine_reasons(trial: "Recording") -> dict[str, str]:
    """Why each engine that was at work took its layers: the rule, of which edits are left out here."""
    from gateviz.capture.engines import ENGINES

    reasons = {str(branch.engine): branch.sentence for branch in ENGINES.rule}
    used = dict.fromkeys(trial.provenance.engine.values())
    return {engine: reasons.get(engine, "") for engine in used}
