"""Recordings with a real line image, traces that obey the LSTM's own equations and a plausible emission."""

import signal
from collections.abc import Callable

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.plot import fonts
from gateviz.recording import Recording
from tests.plot.made_fonts import make_font, own_box

BASIC = ImageFont.Layout.BASIC


def one_line(text: str) -> str:
    """Words as they were before a figure broke them: where depends on the width of the font at hand."""
    return text.replace("\n", " ")


def line_image(text: str, size: int = 32) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """A gray line image and the columns of each symbol."""
    # The face that matplotlib brings: widths, and with them frames and bytes, are the same on every machine.
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", size, layout_engine=BASIC)
    margin = size // 3
    ends = [margin + font.getlength(text[: count + 1]) for count in range(len(text))]
    columns = list(zip([float(margin), *ends[:-1]], ends, strict=True))
    picture = Image.new("L", (int(ends[-1]) + margin, int(1.6 * size)), 255)
    ImageDraw.Draw(picture).text((margin, int(0.1 * size)), text, fill=20, font=font)
    return np.asarray(picture), columns


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def lstm_trace(features: np.ndarray, units: int, layer: int, direction: Direction, seed: int) -> GateTrace:
    """A random LSTM run over the features, in reading order."""
    rng = np.random.default_rng(seed)
    frames, width = features.shape
    x = features if direction is Direction.FORWARD else features[::-1]
    w = rng.normal(size=(4, width, units)) * 0.9
    u = rng.normal(size=(4, units, units)) * 0.6 / np.sqrt(units)
    b = rng.normal(size=(4, units)) * 0.5 + np.array([-0.4, 1.2, 0.0, 0.2])[:, None]
    out = {quantity: np.empty((frames, units), dtype=np.float32) for quantity in list(Quantity)[:6]}
    h = np.zeros(units)
    c = np.zeros(units)
    for t in range(frames):
        z = [x[t] @ w[k] + h @ u[k] + b[k] for k in range(4)]
        i, f, g, o = sigmoid(z[0]), sigmoid(z[1]), np.tanh(z[2]), sigmoid(z[3])
        c = f * c + i * g
        h = o * np.tanh(c)
        for quantity, value in zip(list(Quantity)[:6], (i, f, g, o, c, h), strict=True):
            out[quantity][t] = value
    if direction is Direction.BACKWARD:
        out = {quantity: np.ascontiguousarray(series[::-1]) for quantity, series in out.items()}
    return GateTrace(layer, direction, out, f"rnn.{layer}")


def make_recording(
    text: str = "A balloon committee, 27 Coffee St.",
    *,
    layers: int = 2,
    units: int = 96,
    directions: tuple[Direction, ...] = tuple(Direction),
    stride: float = 6.0,
    size: int = 32,
    edits: tuple[str, ...] = (),
) -> Recording:
    image, columns = line_image(text, size)
    width = image.shape[1]
    frames = int(width / stride) + 1
    grid = FrameGrid(frames, stride, 0.0, 9 * stride, width)
    alphabet = Alphabet.from_symbols(sorted(set(text)), blank=0)
    rng = np.random.default_rng(len(text))
    logits = rng.normal(size=(frames, alphabet.class_count))
    logits[:, 0] += 5.0
    for symbol, (start, stop) in zip(text, columns, strict=True):
        near = (start + 0.62 * (stop - start) - grid.centers) / (0.45 * stride)
        logits[:, alphabet.encode(symbol)[0]] += 12.0 * np.exp(-0.5 * near**2)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    ink = 1 - np.asarray(image, dtype=float) / 255
    bands = np.array_split(ink, 6, axis=0)
    profile = np.stack([band.mean(axis=0) for band in bands], axis=1)
    at = np.clip(grid.centers.astype(int), 0, width - 1)
    smooth = np.stack([np.convolve(row, np.ones(5) / 5, mode="same")[at] for row in profile.T], axis=1)
    features = (smooth - smooth.mean(axis=0)) / (smooth.std(axis=0) + 1e-6)
    traces = []
    for layer in range(layers):
        for number, direction in enumerate(directions):
            traces.append(lstm_trace(features, units, layer, direction, 10 * layer + number))
    provenance = Provenance(
        adapter="synthetic",
        checkpoint="random.pt",
        checkpoint_sha256="00ff",
        image="line.png",
        edits=edits,
        versions={"gateviz": "0.1.0"},
    )
    return Recording(image, grid, tuple(traces), Emission(log_probs.astype(np.float32), alphabet), provenance)


CACHES = (fonts._others, fonts._unlisted, fonts._file, fonts.base_face, fonts.face_for, fonts._piece)
KHMER = range(0x1780, 0x17B4)


@pytest.fixture
def font_list(monkeypatch):
    """Puts fonts into the place of those of the system: beside them only DejaVu is there, which matplotlib brings."""

    def listed(*paths, later=()):
        bundled = [entry for entry in fonts.fontManager.ttflist if entry.name in ("DejaVu Sans", "DejaVu Sans Mono")]
        monkeypatch.setattr(fonts.fontManager, "ttflist", bundled)
        fonts.fontManager._findfont_cached.cache_clear()
        for path in paths:
            fonts.fontManager.addfont(path)
        monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(path) for path in (*paths, *later)])
        forget()

    def forget():
        for known in CACHES:
            known.cache_clear()

    yield listed
    monkeypatch.undo()
    fonts.fontManager._findfont_cached.cache_clear()
    forget()


@pytest.fixture
def khmer_font(tmp_path):
    """A font with every Khmer letter, each drawn as another box."""
    return make_font(tmp_path / "khmer.ttf", "Made Khmer", KHMER, own_box)


@pytest.fixture(scope="session")
def make() -> Callable[..., Recording]:
    return make_recording


@pytest.fixture(scope="session")
def recording() -> Recording:
    return make_recording()


@pytest.fixture(scope="session")
def chinese() -> Recording:
    return make_recording("你好，世界！记忆的门开了又关。", units=48, stride=8.0)


@pytest.fixture
def no_room(monkeypatch):
    """Files may not grow past 100 bytes, as on a full disk."""
    resource = pytest.importorskip("resource")
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)
