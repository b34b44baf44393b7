"""The lineage ``onnx``: recognizers as ONNX graphs, exported by PyTorch or converted from Paddle."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from gateviz.adapters.core.alphabets import AlphabetSource, find_alphabet, is_beside
from gateviz.adapters.core.evidence import Match
from gateviz.adapters.core.files import ModelFile
from gateviz.adapters.core.lineage import chosen_variant
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.onnx.columns import PROBE_WIDTH, Columns, Features, FixedWidth, find_columns
from gateviz.adapters.onnx.division import Division, divided, obstacles
from gateviz.adapters.onnx.graph import OnnxGraph, read_graph, require_runtime
from gateviz.adapters.onnx.line_input import VARIANTS, LineInput, Trial, line_input, recipe_of, tried
from gateviz.adapters.onnx.network import OnnxNetwork
from gateviz.adapters.onnx.worker import loading_time, start_worker, worker
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError, GeometryError
from gateviz.geometry.preprocess import Preprocess
from gateviz.geometry.receptive import AxisGeometry
from gateviz.lines.recognizer import Geometry, RecognizerCard

SYMBOL_KEYS = ("character", "dictionary")
"""Metadata under which RapidOCR and its converters keep the symbols, a line each."""


_MOST_KNOWN = 64
"""Images whose frames are kept while columns are looked for; those of a large alphabet fill a megabyte each."""


class OnnxAdapter:
    """Knows ONNX graphs with LSTM or GRU nodes."""

    name = "onnx"

    def sniff(self, file: ModelFile) -> Match:
        """Whether the graph has recurrent nodes that torch computes, and nothing unknown after them.

        Raises:
            CheckpointError: the file is cut short or damaged.
            MissingExtraError: the package onnx is not installed.
        """
        # Its packages are imported while the graph is read.
        start_worker()
        return _match(read_graph(file))

    def build(self, file: ModelFile, options: LoadOptions) -> CtcRecognizer:
        """The recognizer in a file that fits.

        Raises:
            CheckpointError: the file does not fit, does not say how large its input is, or its column
                map cannot be found.
            AlphabetError: the alphabet does not go with the number of classes.
            MissingExtraError: onnx or onnxruntime is not installed.
        """
        graph = read_graph(file)
        match = _match(graph)
        if not match.ok:
            raise CheckpointError(f"{file.path} is no graph of a recognizer: it misses {'; '.join(match.missing[:4])}")
        variant = chosen_variant(self.name, options.variant or _usual_variant(graph), VARIANTS)
        require_runtime()
        try:
            with loading_time():
                parts = _built(graph, options, variant)
        except (CheckpointError, GeometryError) as error:
            raise CheckpointError(f"{file.path} cannot be built: {error}") from error
        class_count = parts.trial.class_count
        blank = class_count - 1 if variant == "blank-last" else 0
        source = _alphabet(graph.metadata, options.alphabet, class_count, blank, file)
        card = RecognizerCard(
            lineage=self.name,
            evidence=match.evidence,
            checkpoint=file.path.name,
            checkpoint_sha256=graph.sha256,
            preprocessing=parts.preprocess.words,
            details={
                "variant": f"{variant} (of {', '.join(VARIANTS)})",
                "alphabet": source.words,
                "classes": str(class_count),
                "output": parts.trial.output,
                **_geometry_details(parts.output_columns, parts.line),
                **_layer_details(parts.network, parts.trial),
                **_limit_details(),
                **{f"weights in {name}": f"sha256 {digest}" for name, digest in graph.beside.items()},
            },
        )
        return CtcRecognizer(
            parts.network,
            source.alphabet,
            card,
            preprocess=parts.preprocess,
            geometry=_limited(parts.output_columns, parts.line),
            layout="TBC",
            output=parts.trial.output,
            traced_modules=parts.traced,
            reversed_modules=parts.reversed,
            layer_geometries=parts.layer_geometries,
        )


@dataclass(frozen=True, eq=False)
class _Parts:
    """What a recognizer is put together from."""

    line: LineInput
    preprocess: Preprocess
    network: OnnxNetwork
    trial: Trial
    columns: dict[str, Columns]

    @property
    def output_columns(self) -> Columns:
        """Those of the output's frames."""
        return self.columns[self.network.division.output]

    @property
    def layer_geometries(self) -> dict[str, Geometry]:
        """Where the frames look that each layer along the line is given."""
        values = {name: self.network.recurrent_nodes[int(name.split(".")[1])].ports.X for name in self.traced}
        return {name: _limited(self.columns[value], self.line) for name, value in values.items()}

    @property
    def traced(self) -> tuple[str, ...]:
        """Names of the layers that read along the line."""
        return tuple(f"recurrent.{number}.layer" for number, along in enumerate(self.trial.along_line) if along)

    @property
    def reversed(self) -> frozenset[str]:
        """Those of them that read from the line's end."""
        names = (
            f"recurrent.{number}.layer"
            for number, each in enumerate(self.network.recurrent_nodes)
            if each.reads_backward
        )
        return frozenset(names) & frozenset(self.traced)


def _usual_variant(graph: OnnxGraph) -> str:
    return "paddle" if any(key in graph.metadata for key in SYMBOL_KEYS) else VARIANTS[0]


def _built(graph: OnnxGraph, options: LoadOptions, variant: str) -> _Parts:
    """The network and what is known of it after a trial run.

    Raises:
        CheckpointError: the graph does not run, or does not say how large its input is.
        GeometryError: the column map cannot be found.
    """
    line = line_input(graph, options, variant)
    preprocess = recipe_of(line, options, variant)
    network = OnnxNetwork(graph, divided(graph), line.layout).eval()
    trial = tried(network, line)
    network.output_axes = trial.axes
    return _Parts(line, preprocess, network, trial, _columns(graph, network, trial, line))


def _match(graph: OnnxGraph) -> Match:
    missing = obstacles(graph)
    if missing:
        recurrent = sum(node.op in ("LSTM", "GRU") for node in graph.nodes)
        return Match(recurrent / (recurrent + len(missing)), (), missing)
    division = divided(graph)
    return Match(1.0, (f"ONNX graph by {graph.producer or 'an unnamed exporter'}", _recurrent_words(division)))


def _recurrent_words(division: Division) -> str:
    kinds = [f"{node.op} {node.attributes.get('direction', 'forward')}" for node in division.recurrent]
    return f"{len(kinds)} recurrent node{'s' if len(kinds) > 1 else ''}: {', '.join(kinds)}"


def _columns(graph: OnnxGraph, network: OnnxNetwork, trial: Trial, line: LineInput) -> dict[str, Columns]:
    """Where the frames of the output look, and those that each layer along the line is given, by their values' names.

    Raises:
        GeometryError: that can neither be worked out nor measured.
    """
    values = [node.ports.X for node, along in zip(network.recurrent_nodes, trial.along_line, strict=True) if along]
    shape = (line.channels, line.height, line.width or PROBE_WIDTH)
    known: dict[bytes, dict[str, torch.Tensor]] = {}

    def frames_of(value: str) -> Features:
        def frames(image: torch.Tensor) -> torch.Tensor:
            # All values are tried on the same images.
            key = hashlib.sha256(image.numpy().tobytes() + str(tuple(image.shape)).encode()).digest()
            if key not in known:
                if len(known) >= _MOST_KNOWN:
                    known.clear()
                known[key] = network.frames(image)
            return known[key][value]

        return frames

    return {
        value: find_columns(graph, value, frames_of(value), shape, line.width_axis, open_width=line.width is None)
        for value in dict.fromkeys((*values, network.division.output))
    }


def _limited(columns: Columns, line: LineInput) -> Geometry:
    return columns.geometry if line.width is None else FixedWidth(columns.geometry, line.width)


def _alphabet(
    metadata: Mapping[str, str], given: object, class_count: int, blank: int, file: ModelFile
) -> AlphabetSource:
    """The user's alphabet, the file's beside the graph, or the graph's own.

    Raises:
        AlphabetError: there is none, or it has another number of symbols.
    """
    beside = is_beside(file.path)
    for key in SYMBOL_KEYS:
        if given is None and not beside and key in metadata:
            symbols = metadata[key].splitlines()
            # RapidOCR and PaddleOCR add the space, and some converters have written it already.
            for each, more in ((symbols, ""), ([*symbols, " "], " and the space")):
                if len(each) + 1 == class_count and "" not in each:
                    label_of = dict(zip(each, (label for label in range(class_count) if label != blank), strict=True))
                    codes = tuple((label,) for label in label_of.values())
                    alphabet = Alphabet(tuple(label_of), codes, blank, class_count)
                    return AlphabetSource(alphabet, f"the graph's metadata {key!r}{more}, {len(label_of)} symbols")
    return find_alphabet(given, class_count, blank=blank, checkpoint=file.path)  # type: ignore[arg-type]


def _geometry_details(columns: Columns, line: LineInput) -> dict[str, str]:
    geometry = columns.geometry
    rule = f"T = {geometry.frame_rule}" if isinstance(geometry, AxisGeometry) else f"every {geometry.stride:g} columns"
    if line.width is not None:
        rule += f", for lines of exactly {line.width} columns"
    sees = " and the whole line" if isinstance(geometry, AxisGeometry) and geometry.whole_line else ""
    return {
        "frames": rule,
        "receptive field": f"{geometry.receptive_field:g} columns of the network's input{sees}",
        "column map": columns.words,
    }


def _limit_details() -> dict[str, str]:
    """What is not bounded when the graph runs, where the system has no such limits."""
    lacking = [limit for limit in ("memory", "seconds") if limit not in worker().limits]
    if not lacking:
        return {}
    return {"limits": f"none on {' and '.join(lacking)} here: open only graphs from people you trust"}


def _layer_details(network: OnnxNetwork, trial: Trial) -> dict[str, str]:
    """Which node each recurrent layer was."""
    found = {}
    for number, (each, along) in enumerate(zip(network.recurrent_nodes, trial.along_line, strict=True)):
        direction = each.node.attributes.get("direction", "forward")
        across = "" if along else ", not along the line"
        found[f"recurrent.{number}"] = f"{each.node.words}, {direction}, {each.layer.hidden_size} units{across}"
    return found


ADAPTER = OnnxAdapter()
