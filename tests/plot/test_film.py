"""The film: its pictures show what was read when, each direction its own way, and a failure leaves nothing."""

import shutil
import subprocess

import numpy as np
import pytest
from matplotlib.animation import FFMpegWriter
from PIL import Image

import gateviz
from gateviz.data.gates import Direction
from gateviz.errors import MissingExtraError, OutputError, SelectionError
from gateviz.panels.build import gates_stack
from gateviz.plot import film as module
from gateviz.plot.compose import compose
from gateviz.plot.film import MOST_PICTURES, animate
from gateviz.plot.style import style_named

FPS = 10
HELD = 15


def pictures(path) -> list[np.ndarray]:
    with Image.open(path) as film:
        found = []
        for number in range(film.n_frames):
            film.seek(number)
            found.append(np.asarray(film.convert("RGB")).astype(int))
        return found


@pytest.fixture(scope="module")
def short(make):
    """14 frames or so, so that a film is made quickly."""
    return make("ab cd", units=12)


@pytest.fixture(scope="module")
def film(short, tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "a.gif"
    seen = []
    animate(
        short,
        path,
        quantities=["forget_gate"],
        frames_per_second=FPS,
        dpi=60,
        progress=lambda done, of: seen.append((done, of)),
    )
    return path, seen


def boxes(recording, height, width):
    """The rows of pixels of each heatmap's axes, and its direction."""
    stack = gates_stack(recording, quantities=["forget_gate"])
    figure = compose(stack, style_named("a4"))
    figure.get_layout_engine().execute(figure)
    found = []
    for axes, panels in figure.placed:
        box = axes.get_position()
        rows = slice(round((1 - box.y1) * height), round((1 - box.y0) * height))
        found.append((panels[0], rows, (box.x0 * width, box.x1 * width)))
    return stack, found


def test_a_picture_for_every_frame_and_then_it_stays(film, short):
    path, seen = film
    frames = short.grid.frame_count
    assert seen == [(done, frames) for done in range(1, frames + 1)]
    with Image.open(path) as found:
        # The pictures at the end are alike and packed into one that stays as long.
        durations = [found.seek(n) or found.info["duration"] for n in range(found.n_frames)]
        assert found.n_frames == frames
        assert found.info["loop"] == 0
    assert durations[:-1] == [1000 // FPS] * (frames - 1)
    assert durations[-1] == (1 + HELD) * 1000 // FPS


def test_playheads_run_forward_and_backward(film, short):
    path, _ = film
    shown = pictures(path)
    height, width, _ = shown[0].shape
    stack, found = boxes(short, height, width)
    grid = short.grid
    for panel, rows, (left, right) in found:
        way = getattr(panel, "group", "").rpartition(" ")[2]
        if way not in tuple(Direction) or rows.stop - rows.start < 12:
            continue
        middle = slice(rows.start + 3, rows.stop - 3)
        centers = left + (grid.centers - stack.start) / (stack.stop - stack.start) * (right - left)
        for number in (3, 7, len(shown) - 4):
            whole, now = shown[-1], shown[number]
            at = number if way == "forward" else grid.frame_count - 1 - number
            changed = np.abs(now - whole)[middle].max(axis=(0, 2))
            # What lies ahead is veiled and differs from the end of the film; what is read does not.
            ahead = centers[at + 2 :] if way == "forward" else centers[: max(at - 1, 0)]
            behind = centers[1 : max(at - 1, 1)] if way == "forward" else centers[at + 2 : -1]
            # Nor what lies under the frame of the axes, which is drawn over both.
            veiled = [changed[round(x)] > 20 for x in ahead if left + 1 < x < right - 1]
            # A value may happen to have the veil's own color.
            assert np.mean(veiled) >= 0.8
            assert all(changed[round(x)] < 20 for x in behind if left + 1 < x < right - 1)


def test_a_long_line_takes_several_frames_a_picture():
    assert module._stops(5, 1) == [0, 1, 2, 3, 4]
    assert module._stops(8, 3) == [0, 3, 6, 7]
    assert module._stops(1, 9) == [0]
    assert len(module._stops(5000, -(-5000 // MOST_PICTURES))) <= MOST_PICTURES + 1


def test_the_name_says_the_format(short, tmp_path):
    with pytest.raises(
        OutputError, match=r"an animation cannot be written by the name 'a\.avi'; end it in \.gif or \.mp4"
    ):
        animate(short, tmp_path / "a.avi")


def test_without_ffmpeg_an_mp4_says_what_to_install(short, tmp_path, monkeypatch):
    monkeypatch.setattr(module.FFMpegWriter, "isAvailable", classmethod(lambda cls: False))
    with pytest.raises(
        MissingExtraError, match=r"an MP4 needs the program ffmpeg, .*; apt install ffmpeg, or write a \.gif"
    ):
        animate(short, tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"frames_per_second": 0}, "an animation of 0 pictures a second, every None frames, was asked for"),
        ({"step": 0}, "every 0 frames, was asked for; give up to 100 pictures and a step of at least 1"),
        ({"layers": [9]}, "there is no trace of layer 9"),
        ({"quantities": ["valve"]}, "there is no quantity valve"),
    ],
)
def test_what_cannot_be_played_leaves_nothing(short, tmp_path, options, words):
    with pytest.raises(SelectionError, match=words):
        animate(short, tmp_path / "a.gif", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_breaks_off_leaves_the_old_one(short, tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(b"old")

    def stop(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animate(short, path, dpi=40, progress=stop)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gif"]


def test_one_frame_is_a_film(make, tmp_path):
    recording = make("a", units=3, stride=60.0)
    assert recording.grid.frame_count == 1
    animate(recording, tmp_path / "a.gif", dpi=40)
    assert (tmp_path / "a.gif").read_bytes().startswith(b"GIF8")


def test_it_is_a_public_name_however_often_it_is_asked_for():
    assert [gateviz.plot.animate for _ in range(2)] == [animate] * 2


@pytest.mark.system
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: apt install ffmpeg")
def test_an_mp4_is_a_film_of_even_size(short, tmp_path):
    path = tmp_path / "a.mp4"
    animate(short, path, quantities=["forget_gate"], frames_per_second=FPS, dpi=61)
    told = subprocess.run(["ffmpeg", "-i", path], capture_output=True, text=True, check=False).stderr
    assert "Video: h264" in told
    assert "yuv420p" in told


def test_what_ffmpeg_has_against_it_is_an_output_error(short, tmp_path, monkeypatch):
    class Broken(module.PillowWriter):
        def finish(self):
            raise subprocess.CalledProcessError(1, ["ffmpeg"])

    monkeypatch.setattr(module, "_writer", lambda path, fps: Broken(fps=fps))
    with pytest.raises(
        OutputError, match=r"a\.mp4 could not be written: ffmpeg ended before the film did, with status 1"
    ):
        animate(short, tmp_path / "a.mp4", dpi=40)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_in_one_sentence(recording, tmp_path, no_room):
    with pytest.raises(OutputError, match=r"film\.gif could not be written: the disk is full"):
        animate(recording, tmp_path / "film.gif", step=20, dpi=30)
    assert list(tmp_path.iterdir()) == []


def test_ffmpeg_without_room_is_said_in_one_sentence(recording, tmp_path, no_room):
    if not FFMpegWriter.isAvailable():
        pytest.skip("ffmpeg is not installed here")
    with pytest.raises(
        OutputError, match=r"film.mp4 could not be written: ffmpeg ended before the film did.*disk full"
    ):
        animate(recording, tmp_path / "film.mp4", step=20, dpi=30)
    assert list(tmp_path.iterdir()) == []
