"""A recording's parts as other libraries have tables: an xarray DataTree, a tidy pandas DataFrame."""

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from gateviz.data.alignment import Alignment
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.errors import MissingExtraError
from gateviz.files.document import RecordingDocument, entry_of, to_json

if TYPE_CHECKING:
    import pandas as pd
    import xarray

_COLUMNS = ("layer", "direction", "quantity", "unit", "frame", "column", "symbol", "value")


def to_datatree(
    image: UInt8[np.ndarray, "height width *channels"] | None,
    grid: FrameGrid,
    traces: Sequence[GateTrace],
    emission: Emission | None,
    alignment: Alignment | None,
    provenance: Provenance,
) -> "xarray.DataTree":
    """The tree: image and posteriors at the root, one data set for each ``trace/LAYER/DIRECTION``.

    Raises:
        MissingExtraError: xarray is not installed.
    """
    try:
        import xarray
    except ImportError as error:
        raise MissingExtraError(
            "to_xarray needs xarray, which is not installed; pip install 'gateviz[xarray]'"
        ) from error

    symbols = _symbols(grid.frame_count, alignment)

    def coordinates(own: FrameGrid) -> dict[str, Any]:
        return {"time": np.arange(grid.frame_count), "column": ("time", own.centers), "symbol": ("time", symbols)}

    grids = [grid if trace.grid is None else trace.grid for trace in traces]
    entries = tuple(map(entry_of, traces, grids))
    root: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    if image is not None:
        root["image"] = (("row", "pixel", "channel")[: image.ndim], image)
    if emission is not None:
        root["log_probs"] = (("time", "label"), emission.log_probs)
    document = to_json(RecordingDocument(grid, entries, image is not None, None, provenance))
    attributes = {
        "grid": json.dumps(document["grid"]),
        "provenance": json.dumps(document["provenance"], ensure_ascii=False),
        "text": "" if alignment is None else alignment.reading,
    }
    tree = {"/": xarray.Dataset(root, coordinates(grid), attributes)}
    for trace, own, entry in zip(traces, grids, document["traces"], strict=True):
        series = {str(q): (("time", _dimension(trace, values.shape[1])), values) for q, values in trace.values.items()}
        about = {"module": trace.module, "grid": json.dumps(entry.get("grid", document["grid"]))}
        tree[f"/trace/{trace.layer}/{trace.direction}"] = xarray.Dataset(series, coordinates(own), about)
    return xarray.DataTree.from_dict(tree)


def to_frame(
    grid: FrameGrid, traces: Sequence[GateTrace], alignment: Alignment | None, quantities: Collection[Quantity] | None
) -> "pd.DataFrame":
    """One row for each number of the traces: where it is from, and the number."""
    import pandas as pd

    symbols = _symbols(grid.frame_count, alignment)
    tables = []
    for trace in traces:
        own = grid if trace.grid is None else trace.grid
        for quantity, values in trace.values.items():
            if quantities is not None and quantity not in quantities:
                continue
            frames, units = values.shape
            places = {"layer": trace.layer, "direction": str(trace.direction), "quantity": str(quantity)}
            frame = np.repeat(np.arange(frames), units)
            numbers = {"unit": np.tile(np.arange(units), frames), "frame": frame, "column": own.centers[frame]}
            tables.append(pd.DataFrame(places | numbers | {"symbol": symbols[frame], "value": values.ravel()}))
    whole = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(_COLUMNS))
    return whole.astype(dict.fromkeys(("direction", "quantity", "symbol"), "category"))


def _dimension(trace: GateTrace, width: int) -> str:
    return "unit" if width == trace.unit_count else "projected"


def _symbols(frame_count: int, alignment: Alignment | None) -> np.ndarray:
    symbols = [""] * frame_count
    for span in () if alignment is None else alignment.spans:
        symbols[span.start : span.stop] = [span.symbol] * (span.stop - span.start)
    return np.array(symbols, dtype=np.str_)
