"""Torch layers out of records, and where in the network each LSTM was met."""

import re
from dataclasses import dataclass, field

import numpy as np
import torch

from gateviz.adapters.tesseract.activations import tabled_logistic, tabled_tanh, to_int8_steps
from gateviz.adapters.tesseract.axes import Aspect, steps_along
from gateviz.adapters.tesseract.layers import (
    Beside,
    Chain,
    CutOrFill,
    Dense,
    Layer,
    MaxPool,
    RowLSTM,
    Stack,
    Turned,
    Window,
)
from gateviz.adapters.tesseract.records import DENSE, PARALLELS, Kind, Record
from gateviz.capture.cell_rule import CellRule
from gateviz.capture.ruled import RuledLSTM
from gateviz.errors import CheckpointError
from gateviz.geometry.axis_steps import Reach, Step, run

STATE_LIMIT = 100.0
"""Tesseract clips the cell state to this."""
MOST_FEATURES = 4096
"""Features at one position, before the last layer, beyond which a network is taken for damage."""

_GATES = (1, 2, 0, 3)
"""Tesseract's candidate, input, forget, output in torch's order: input, forget, candidate, output."""
SOFTMAXES = (Kind.SOFTMAX, Kind.SOFTMAX_NO_CTC)
_WIDE = 1 << 14
"""A width at which the parts of parallel layers are compared."""


@dataclass(frozen=True)
class Place:
    """A place between two layers.

    Attributes:
        across: what happened so far along the columns of the image.
        down: what happened so far along its rows.
        columns: how the columns lie in the plane here.
        rows: how the rows lie in it.
    """

    across: tuple[Step, ...]
    down: tuple[Step, ...]
    columns: Aspect
    rows: Aspect

    def behind(self, record: Record) -> "Place":
        """The place behind a layer."""
        across = (*self.across, *steps_along(record, self.columns))
        return Place(across, (*self.down, *steps_along(record, self.rows)), self.columns, self.rows)

    def turned(self, kind: Kind) -> "Place":
        """The same place inside a turning layer."""
        return Place(self.across, self.down, self.columns.turned(kind), self.rows.turned(kind))

    def column_reach(self, width: int) -> Reach:
        """What the positions along the line see of an input of ``width`` columns.

        Raises:
            GeometryError: no position is left.
        """
        return run(self.across, Reach(width))

    def row_count(self, height: int) -> int:
        """Positions across the line, of an input of ``height`` rows.

        Raises:
            GeometryError: no position is left.
        """
        return run(self.down, Reach(height)).length


IMAGE = Place((), (), Aspect("x"), Aspect("y"))
"""The place before the first layer."""


@dataclass
class LayerBuilder:
    """Makes layers of records.

    Attributes:
        int8: True for int8 networks.
        height: rows of the input.
        lstms: the LSTMs made so far, by their dotted names.
    """

    int8: bool
    height: int
    lstms: dict[str, Place] = field(default_factory=dict)

    def chain(self, records: tuple[Record, ...], place: Place, prefix: str) -> tuple[dict[str, Layer], Place]:
        """The layers of a series by their names, and the place behind them.

        Raises:
            CheckpointError: a layer that cannot stand where it stands.
            GeometryError: nothing is left of the plane.
        """
        layers: dict[str, Layer] = {}
        for index, record in enumerate(records):
            key = _key(index, record)
            layers[key] = self._layer(record, place, prefix + key)
            place = place.behind(record)
        return layers, place

    def _layer(self, record: Record, place: Place, name: str) -> Layer:
        kind = record.kind
        self._check(record)
        if kind is Kind.INPUT:
            return CutOrFill(record.numbers[2])
        if kind is Kind.CONVOLVE:
            return Window(*record.numbers)
        if kind in (Kind.MAXPOOL, Kind.RECONFIG):
            return (MaxPool if kind is Kind.MAXPOOL else Stack)(*record.numbers)
        if kind in DENSE:
            return self._dense(record)
        if kind is Kind.SERIES:
            return Chain(self.chain(record.children, place, f"{name}.layers.")[0])
        if kind in PARALLELS:
            return self._parallel(record, place, f"{name}.layers.")
        if record.children:
            return Turned(kind, self._layer(record.children[0], place.turned(kind), f"{name}.layer"))
        self.lstms[f"{name}.lstm"] = place
        return RowLSTM(self._lstm(record, place), last_step=kind is Kind.SUMM_LSTM)

    def _check(self, record: Record) -> None:
        if record.outputs > MOST_FEATURES and record.kind not in SOFTMAXES:
            raise CheckpointError(
                f"layer {record.name!r} has {record.outputs} outputs, and at most {MOST_FEATURES} are read"
            )
        if any((matrix.scales is not None) != self.int8 for matrix in record.matrices):
            raise CheckpointError(
                f"layer {record.name!r} has weights of another kind than the network, "
                f"whose activations are {'int8' if self.int8 else 'floating-point'} numbers"
            )

    def _parallel(self, record: Record, place: Place, prefix: str) -> Beside:
        behind = [place.behind(child) for child in record.children]
        sizes = {(each.column_reach(_WIDE).length, each.row_count(self.height)) for each in behind}
        if len(sizes) > 1:
            raise CheckpointError(
                f"the parts of {record.name!r} leave planes of different sizes: "
                + ", ".join(f"{columns} x {rows}" for columns, rows in sorted(sizes))
            )
        keys = [_key(index, child) for index, child in enumerate(record.children)]
        return Beside(
            {key: self._layer(child, place, prefix + key) for key, child in zip(keys, record.children, strict=True)}
        )

    @property
    def _dtype(self) -> torch.dtype:
        # Sums of int8 products are exact in Tesseract; in double precision they are here.
        return torch.float64 if self.int8 else torch.float32

    def _dense(self, record: Record) -> Dense:
        weights = torch.from_numpy(record.matrices[0].dense()).to(self._dtype)
        with torch.device("meta"):
            layer = Dense(record.kind, record.inputs, record.outputs, int8=self.int8)
        layer.linear.load_state_dict({"weight": weights[:, :-1], "bias": weights[:, -1]}, assign=True)
        return layer

    def _lstm(self, record: Record, place: Place) -> RuledLSTM:
        weights = torch.from_numpy(np.concatenate([record.matrices[gate].dense() for gate in _GATES])).to(self._dtype)
        rule = CellRule(
            state_limit=STATE_LIMIT,
            round_hidden=to_int8_steps if self.int8 else None,
            sigmoid=tabled_logistic,
            tanh=tabled_tanh,
        )
        backward = place.columns.axis == "x" and place.columns.backward
        with torch.device("meta"):
            lstm = RuledLSTM(record.inputs, record.outputs, rule=rule, batch_first=True, reads_backward=backward)
        state = {
            "weight_ih_l0": weights[:, : record.inputs].contiguous(),
            "weight_hh_l0": weights[:, record.inputs : -1].contiguous(),
            "bias_ih_l0": weights[:, -1].contiguous(),
            "bias_hh_l0": torch.zeros_like(weights[:, -1]),
        }
        lstm.load_state_dict(state, assign=True)
        return lstm


def _key(index: int, record: Record) -> str:
    """A module name: the position and the name in the file, such as ``4_Lfx96``."""
    return f"{index}_{re.sub(r'[^A-Za-z0-9_]', '_', record.name)[:40]}"
