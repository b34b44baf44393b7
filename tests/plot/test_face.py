"""The public names of gateviz.plot."""

import subprocess
import sys

import pytest


def test_names_resolve_on_first_use():
    import gateviz.plot as plot

    for name in plot.__all__:
        assert getattr(plot, name) is not None
    assert dir(plot) == sorted(plot.__all__)
    with pytest.raises(AttributeError, match=r"gateviz.plot has no 'heatmap'; it has STYLES"):
        plot.heatmap  # noqa: B018


def test_the_face_is_light_and_a_figure_needs_neither_torch_nor_scipy(recording, tmp_path):
    recording.save(tmp_path / "line.safetensors")
    script = (
        "import sys, gateviz.plot\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from gateviz.recording import open_recording\n"
        f"figure = gateviz.plot.gates(open_recording({str(tmp_path / 'line.safetensors')!r}))\n"
        f"gateviz.plot.save(figure, {str(tmp_path / 'a.png')!r})\n"
        "heavy = [n for n in ('torch', 'scipy', 'seaborn', 'cv2', 'matplotlib.pyplot') if n in sys.modules]\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == done.stdout == ""
    assert (tmp_path / "a.png").stat().st_size > 10_000
