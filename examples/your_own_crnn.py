"""A CRNN of your own: instrument it, run it, draw what its gates did, and take the instruments out again."""

import torch
from torch import nn

import gateviz


class CRNN(nn.Module):
    """Columns of a CNN as frames, a two-way LSTM over them, ten digits and a blank."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d((32, 4)))
        self.rnn = nn.LSTM(16, 32, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(64, 11)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits (B, T, 11) of images (B, 1, 32, 4 T)."""
        frames = self.cnn(image).squeeze(2).transpose(1, 2)  # (B, T, D = 16)
        return self.head(self.rnn(frames)[0])


torch.manual_seed(0)
model = gateviz.instrument(CRNN())
image = torch.zeros(1, 1, 32, 240)
image[..., 60:80] = image[..., 160:164] = 1.0  # a thick stroke and a thin one
logits = model(image)

trace = model.traces.trace(1, "backward")
print("layer 1 backward:", {str(name): tuple(series.shape) for name, series in trace.values.items()})
trace["forget_gate"].mean().backward()  # differentiable like everything else
print("the forget gates depend on the first convolution:", bool(model.cnn[0].weight.grad.any()))

gateviz.plot.save(gateviz.plot.gates(model.traces), "your_own_crnn.png")
print("restored:", type(gateviz.restore(model).rnn).__name__)
