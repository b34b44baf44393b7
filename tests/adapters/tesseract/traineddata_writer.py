"""A small writer of the traineddata format, so that tests have files of every kind without owning any."""

import struct

import numpy as np

TYPES = [
    "Invalid",
    "Input",
    "Convolve",
    "Maxpool",
    "Parallel",
    "Replicated",
    "ParBidiLSTM",
    "DepParUDLSTM",
    "Par2dLSTM",
    "Series",
    "Reconfig",
    "RTLReversed",
    "TTBReversed",
    "XYTranspose",
    "LSTM",
    "SummLSTM",
    "Logistic",
    "LinLogistic",
    "LinTanh",
    "Tanh",
    "Relu",
    "Linear",
    "Softmax",
    "SoftmaxNoCTC",
    "LSTMSoftmax",
    "LSTMBinarySoftmax",
    "TensorFlow",
]


class Writer:
    """Bytes of records and parts, in one byte order and one kind of weights.

    ``weights`` is float64, int8, float32 (the old format), or old_int8.
    """

    def __init__(self, *, order="<", weights="float64", seed=0, training=False, adam=False, numbered=False, scale=1.0):
        self.order = order
        self.weights = weights
        self.training = training
        self.adam = adam
        self.numbered = numbered
        self.scale = scale
        self.random = np.random.default_rng(seed)
        self.matrices = []

    def pack(self, kinds, *values):
        return struct.pack(self.order + kinds, *values)

    def text(self, text):
        return self.pack("I", len(text.encode())) + text.encode()

    def header(self, kind, name, inputs, outputs, flags=0):
        known = self.pack("b", TYPES.index(kind)) if self.numbered else self.pack("b", 0) + self.text(kind)
        return known + self.pack("bbiiii", self.training, 0, flags, inputs, outputs, 0) + self.text(name)

    def matrix(self, outputs, inputs, values=None):
        """A matrix with its bias column; the weights it stands for are kept in ``matrices``."""
        shape = (outputs, inputs + 1)
        real = self.scale * self.random.uniform(-1, 1, shape) if values is None else np.asarray(values, float)
        if self.weights in ("int8", "old_int8"):
            scales = np.abs(real).max(1) / 127
            steps = np.rint(real / scales[:, None]).astype(np.int8)
            self.matrices.append(steps * scales[:, None])
            old = self.weights == "old_int8"
            body = self.pack("B", 1 if old else 129) + self.pack("IIb", *shape, 0) + steps.tobytes()
            kind = "f4" if old else "f8"
            spare = np.concatenate([scales, np.zeros(0 if old else -outputs % 8)])
            body += self.pack("I", len(spare)) + spare.astype(self.order + kind).tobytes()
            return body + (2 * self._rectangle(shape, "f4", np.zeros(shape)) if old and self.training else b"")
        kind = "f8" if self.weights == "float64" else "f4"
        self.matrices.append(real.astype(kind).astype(float))
        mode = (128 if kind == "f8" else 0) | (4 if self.adam else 0)
        body = self.pack("B", mode) + self._rectangle(shape, kind, real)
        if self.training:
            extra = 1 + self.adam if kind == "f8" else 2
            body += extra * self._rectangle(shape, kind, np.zeros(shape))
        return body

    def _rectangle(self, shape, kind, values):
        empty = self.pack("d" if kind == "f8" else "f", 0.0)
        return self.pack("II", *shape) + empty + values.astype(self.order + kind).tobytes()

    def input(self, height, depth=1, width=0):
        return self.header("Input", "Input", height, depth) + self.pack("iiiii", 1, height, width, depth, 0)

    def window(self, kind, inputs, x, y, name=None):
        outputs = {"Convolve": inputs * (2 * x + 1) * (2 * y + 1), "Maxpool": inputs, "Reconfig": inputs * x * y}[kind]
        return self.header(kind, name or kind, inputs, outputs) + self.pack("ii", x, y)

    def dense(self, kind, inputs, outputs, name=None, values=None):
        return self.header(kind, name or kind, inputs, outputs) + self.matrix(outputs, inputs, values)

    def lstm(self, inputs, units, kind="LSTM", name="Lfx", gates=4, feedback=0, values=None):
        seen = inputs + units + feedback
        body = self.header(kind, name, inputs, units) + self.pack("i", seen)
        return body + b"".join(self.matrix(units, seen, values) for _ in range(gates))

    def plumbing(self, kind, inputs, outputs, *children, name=None, rates=None):
        body = self.header(kind, name or kind, inputs, outputs, flags=0 if rates is None else 64)
        body += self.pack("I", len(children)) + b"".join(children)
        if rates is not None:
            body += self.pack("I", len(rates)) + np.asarray(rates, self.order + "f4").tobytes()
        return body

    def unicharset(self, characters):
        lines = [f"{character} 1 0,255,0,255,0,0,0,0,0,0 Latin 1 0 1 x\t# x" for character in characters]
        return "\n".join([str(len(characters)), *lines, ""]).encode()

    def recoder(self, codes):
        body = self.pack("I", len(codes))
        for code in codes:
            body += self.pack("bI", 1, len(code)) + self.pack(f"{len(code)}i", *code)
        return body

    def tail(self, *, null_char, flags=None, samples=7, specification="[1,12,0,1 test]", charset=b"", recoder=b""):
        """What follows the network; the character list and the recoder only where they are no parts of their own."""
        if flags is None:
            flags = 64 | (1 if self.weights.endswith("int8") else 0)
        state = self.pack("iiiifff", flags, 3, samples, null_char, 0.9, 0.001, 0.5)
        return charset + self.text(specification) + state + recoder

    def container(self, parts, count=24):
        """The file; ``parts`` by their position."""
        at = 4 + 8 * count
        offsets = []
        for part in range(count):
            offsets.append(at if part in parts else -1)
            at += len(parts.get(part, b""))
        table = self.pack("I", count) + self.pack(f"{count}q", *offsets)
        return table + b"".join(parts[part] for part in sorted(parts))

    def file(self, network, characters, codes, *, null_char, inside=False, **tail):
        """A whole traineddata; ``inside`` keeps the character list and the recoder in the LSTM part."""
        charset, recoder = self.unicharset(characters), self.recoder(codes)
        if inside:
            return self.container(
                {17: network + self.tail(null_char=null_char, charset=charset, recoder=recoder, **tail)}
            )
        return self.container(
            {17: network + self.tail(null_char=null_char, **tail), 21: charset, 22: recoder, 23: b"5.0"}
        )


CHARACTERS = ("NULL", "Joined", "|Broken|0|1", "a", "b", "字")
CODES = ((0,), (4,), (4,), (1,), (2,), (3, 1))


def recognizer_network(writer, height=12, units=4, classes=5):
    """A network with the layers of Tesseract's own: window, tanh, pooling, vertical summary, three LSTMs."""
    return writer.plumbing(
        "Series",
        height,
        classes,
        writer.input(height),
        writer.plumbing(
            "Series", 1, 3, writer.window("Convolve", 1, 1, 1), writer.dense("Tanh", 9, 3, "ConvNL"), name="ConvSeries"
        ),
        writer.window("Maxpool", 3, 3, 3),
        writer.plumbing("XYTranspose", 3, units, writer.lstm(3, units, "SummLSTM", "Lfys4"), name="XYTransLSTM"),
        writer.lstm(units, units, name="Lfx4"),
        writer.plumbing("RTLReversed", units, units, writer.lstm(units, units, name="Lrx4"), name="RevLSTM"),
        writer.lstm(units, units, name="Lfx4b"),
        writer.dense("Softmax", units, classes, "Output"),
        name="Series",
        rates=[0.1] * 8,
    )


def recognizer_file(writer, **options):
    return writer.file(recognizer_network(writer), CHARACTERS, CODES, null_char=4, **options)
