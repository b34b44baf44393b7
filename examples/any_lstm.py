"""Any nn.LSTM, recognizer or not: trace it while it runs, then look."""

import torch

import gateviz

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.LSTM(16, 32, num_layers=2, bidirectional=True, batch_first=True))
signal = torch.sin(torch.arange(120)[:, None] / torch.arange(2, 18)).unsqueeze(0)  # (B=1, T=120, D=16)

with torch.no_grad(), gateviz.trace_gates(model) as traces:
    model(signal)

recording = gateviz.Recording.of_traces(traces.line(0))
print([trace.name for trace in recording.traces])
gateviz.plot.save(gateviz.plot.gates(recording, layers=[1]), "any_lstm.png")
