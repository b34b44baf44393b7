"""A figure for a paper: one ICML column wide, one layer, units ordered by similarity, PDF with real text."""

import gateviz

recording = gateviz.record(gateviz.load(), gateviz.sample())
last = max(trace.layer for trace in recording.traces)
figure = gateviz.plot.gates(
    recording, layers=[last], quantities=["forget_gate", "cell_state"], order="similarity", style="icml"
)
gateviz.plot.save(figure, "paper_figure.pdf")
print("paper_figure.pdf:", " x ".join(f"{inches:.2f}" for inches in figure.get_size_inches()), "inches")
