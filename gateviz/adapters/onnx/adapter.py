"""The lineage ``onnx``: recognizers as ONNX graphs, exported by PyTorch or converted from Paddle."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateviz.adapters.alphabet_source import SIDECAR_SUFFIX, AlphabetSource, find_alphabet
from gateviz.adapters.lineage import chosen_variant
from gateviz.adapters.model_file import ModelFile
from gateviz.adapters.onnx.columns import PROBE_WIDTH, Columns, FixedWidth, find_columns
from gateviz.adapters.onnx.division import Division, divided, obstacles
from gateviz.adapters.onnx.extra import require_runtime
from gateviz.adapters.onnx.graph import OnnxGraph, read_graph
from gateviz.adapters.onnx.line_input import VARIANTS, InputSpec, LineInput, line_input, recipe_of
from gateviz.adapters.onnx.network import OnnxNetwork
from gateviz.adapters.onnx.trial import Trial, tried
from gateviz.adapters.onnx.worker import loading_time, start_worker, worker
from gateviz.adapters.registry import LoadOptions, Match
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.preprocess import Preprocess
from gateviz.capture.receptive import AxisGeometry
from gateviz.capture.recognizer import RecognizerCard
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError, GeometryError

SYMBOL_KEYS = ("character", "dictionary")
"""Metadata under which RapidOCR and its converters keep the symbols, a line each."""


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

    def build(self, file: ModelFile, options: LoadOptions, spec: InputSpec | None = None) -> CtcRecognizer:
        """The recognizer in a file that fits.

        Args:
            file: the graph.
            options: what the user says of any checkpoint.
            spec: what the user says of the graph's input.

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
                parts = _built(graph, options, spec or InputSpec(), variant)
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
                **_geometry_details(parts.columns, parts.line),
                **_layer_details(parts.network, parts.trial),
                **_limit_details(),
                **{f"weights in {name}": f"sha256 {digest}" for name, digest in graph.beside.items()},
            },
        )
        return CtcRecognizer(
            parts.network,
            source.alphabet,
            card,
            parts.preprocess,
            parts.columns.geometry
            if parts.line.width is None
            else FixedWidth(parts.columns.geometry, parts.line.width),
            "TBC",
            parts.trial.output,
            parts.traced,
            parts.reversed,
        )


@dataclass(frozen=True, eq=False)
class _Parts:
    """What a recognizer is put together from."""

    line: LineInput
    preprocess: Preprocess
    network: OnnxNetwork
    trial: Trial
    columns: Columns

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


def _built(graph: OnnxGraph, options: LoadOptions, spec: InputSpec, variant: str) -> _Parts:
    """The network and what is known of it after a trial run.

    Raises:
        CheckpointError: the graph does not run, or does not say how large its input is.
        GeometryError: the column map cannot be found.
    """
    line = line_input(graph, spec, variant)
    preprocess = recipe_of(line, spec, variant, keep_ratio=options.keep_ratio)
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


def _columns(graph: OnnxGraph, network: OnnxNetwork, trial: Trial, line: LineInput) -> Columns:
    """Where the frames look that the first layer along the line reads.

    Raises:
        GeometryError: that can neither be worked out nor measured.
    """
    number = trial.along_line.index(True)
    value = network.recurrent_nodes[number].ports.X
    shape = (line.channels, line.height, line.width or PROBE_WIDTH)
    return find_columns(
        graph,
        value,
        lambda image: network.sequence(image, number),
        shape,
        line.width_axis,
        open_width=line.width is None,
    )


def _alphabet(
    metadata: Mapping[str, str], given: object, class_count: int, blank: int, file: ModelFile
) -> AlphabetSource:
    """The user's alphabet, the file's beside the graph, or the graph's own.

    Raises:
        AlphabetError: there is none, or it has another number of symbols.
    """
    beside = file.path.with_suffix(SIDECAR_SUFFIX).is_file()
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
