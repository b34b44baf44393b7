"""Recognizers that ``gateviz export`` wrote: an ONNX graph that says itself how lines are read, and needs no torch."""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from gateviz.adapters.core.alphabets import find_alphabet
from gateviz.adapters.core.deferred import DeferredRecognizer, TorchSide
from gateviz.adapters.core.files import Container, ModelFile
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.core.protobuf import Message
from gateviz.adapters.onnx.claims import check_wire
from gateviz.errors import CheckpointError
from gateviz.files import budget
from gateviz.graphs.document import METADATA_KEY, GraphDocument, read_graph_document
from gateviz.graphs.source import RecognizerGraph
from gateviz.lines.recognizer import RecognizerCard

if TYPE_CHECKING:
    import onnx

    import gateviz.capture.ctc_recognizer

NAME = "exported"
_METADATA, _KEY, _VALUE = 14, 1, 2


def deferred_graph(file: ModelFile, options: LoadOptions) -> DeferredRecognizer | None:
    """The recognizer in a file that gateviz exported; None for any other graph, or where the adapter ``onnx`` is asked for.

    Raises:
        CheckpointError: the file is of a later gateviz, damaged, or holds what no exported file holds; or an option was
            given that the file settles itself.
        AlphabetError: an alphabet was given that has another number of classes.
    """
    if file.container is not Container.ONNX or options.adapter is not None:
        return None
    budget.GRAPH_BYTES.check(file.size, str(file.path))
    content, digest = file.read()
    text = _document_text(bytes(content))
    if text is None:
        return None
    strange = [name for name in ("variant",) if getattr(options, name) is not None]
    if said := (*strange, *options.only_for(NAME)):
        raise CheckpointError(
            f"{file.path} was exported by gateviz and says itself how it reads, so {', '.join(said)} cannot be chosen; leave "
            f"these out"
        )
    stored = StoredGraph(bytes(content), digest, file)
    try:
        document = read_graph_document(text)
        _check(stored.model(), document)
    except CheckpointError as error:
        raise CheckpointError(f"{file.path} cannot be read: {error}") from error
    source = find_alphabet(
        options.alphabet or document.alphabet,
        document.alphabet.class_count,
        blank=document.alphabet.blank,
        checkpoint=file.path,
    )
    words = "in the file" if options.alphabet is None else source.words
    graph = RecognizerGraph(
        stored,
        document.layers,
        layout=document.layout,
        output=document.output,
        words="the exported file itself",
        rounded=document.quantization != "none",
    )
    return DeferredRecognizer(
        source.alphabet,
        _card(file, digest, document, f"{words}, {len(source.alphabet.symbols)} symbols"),
        document.preprocess,
        document.geometry,
        graph=graph,
        torch_side=TorchSide(stored),
    )


def _document_text(content: bytes) -> str | None:
    """What stands under gateviz's key in a graph's metadata; None where there is none, or what is no graph."""
    try:
        message = Message(memoryview(content), "ONNX file")
        found = [(entry.text(_KEY), entry) for entry in message.messages(_METADATA, "metadata")]
        return next((entry.text(_VALUE) for key, entry in found if key == METADATA_KEY), None)
    except CheckpointError:
        # What is damaged is told by the adapter that reads any graph.
        return None


def _card(file: ModelFile, digest: str, document: GraphDocument, alphabet: str) -> RecognizerCard:
    exported = {
        "exported from": f"{document.checkpoint or 'a recognizer'} (sha256 {document.checkpoint_sha256 or 'unknown'})",
        "quantization": document.quantization,
        "gates": "outputs of the graph" if document.gates else "worked out when they are recorded",
        "alphabet": alphabet,
    }
    return RecognizerCard(
        lineage=document.lineage,
        evidence=(f"an ONNX graph with a {METADATA_KEY!r} document",),
        checkpoint=file.path.name,
        checkpoint_sha256=digest,
        preprocessing=document.preprocess.words,
        details={**document.details, **exported},
    )


@dataclass(frozen=True, eq=False)
class StoredGraph:
    """The bytes of an exported file, of which its graph and its torch side are made.

    Attributes:
        whole: the bytes.
        digest: their sha256.
        file: where they were read.
    """

    whole: bytes
    digest: str
    file: ModelFile

    def model(self) -> "onnx.ModelProto":
        """The graph.

        Raises:
            CheckpointError: the bytes are none.
        """
        import onnx

        check_wire(self.whole)
        try:
            return onnx.load_from_string(self.whole)
        except Exception as error:
            raise CheckpointError(f"it is damaged ({str(error)[:120]}); export it again") from error

    def recognizer(self) -> "gateviz.capture.ctc_recognizer.CtcRecognizer":
        """The graph with its recurrent layers computed by torch, as of any ONNX file.

        Raises:
            CheckpointError: it cannot be divided so.
        """
        # torch takes more than a second to import.
        from gateviz.adapters.onnx.adapter import ADAPTER

        document = read_graph_document(_document_text(self.whole) or "")
        if document.quantization != "none":
            raise CheckpointError(
                f"{self.file.path} is in int8, whose layers torch does not compute: its gates can be seen, and for edits, gradients "
                f"and training the float model it was made from is needed"
            )
        own = {each.name: getattr(self.file, each.name) for each in fields(ModelFile)}
        held = _HeldFile(**own, held=(self._bare(), self.digest))
        built = ADAPTER.build(held, LoadOptions(alphabet=document.alphabet))
        return replace(built, geometry=document.geometry)

    def _bare(self) -> bytes:
        """The graph with its posteriors as its one output."""
        model = self.model()
        del model.graph.output[1:]
        del model.metadata_props[:]
        return bytes(model.SerializeToString())


@dataclass(frozen=True)
class _HeldFile(ModelFile):
    """A file whose bytes are at hand."""

    held: tuple[bytes, str] = (b"", "")

    def read(self) -> tuple[bytearray, str]:
        """The bytes at hand, and the digest of the file that they came from."""
        return bytearray(self.held[0]), self.held[1]


def _check(model: "onnx.ModelProto", document: GraphDocument) -> None:
    """Returns where a graph may run and is the one that its document speaks of."""
    from gateviz.graphs.recurrent_nodes import recurrent_nodes
    from gateviz.graphs.structure import check_structure

    check_structure(model)
    nodes = recurrent_nodes(model)
    for layer in document.layers:
        node = nodes[layer.node] if layer.node < len(nodes) else None
        if node is None or (node.kind, node.units, node.directions) != (layer.kind, layer.units, layer.directions):
            raise CheckpointError(
                f"its document has a {layer.kind} of {layer.units} units as layer {layer.layer}, and its graph has "
                f"{f'a {node.kind} of {node.units} units' if node else 'no such node'} there; the file is damaged"
            )
