"""A training loop of your own: one look an epoch at every gate, and a warning when the blank or a gate gets stuck."""

import torch

import gateviz


class Reader(torch.nn.Module):
    """Lines (B, T, 16) to logits (B, T, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(16, 24, bidirectional=True, batch_first=True)
        self.head = torch.nn.Linear(48, 4)

    def forward(self, lines: torch.Tensor) -> torch.Tensor:
        """Logits of every class at every frame."""
        return self.head(self.lstm(lines)[0])


torch.manual_seed(0)
model = Reader()
codes = torch.randn(4, 16)  # what the blank, a, b and c look like
texts = torch.randint(1, 4, (64, 8))
lines = codes[texts].repeat_interleave(4, dim=1) + 0.3 * torch.randn(64, 32, 16)
truth = "".join("-abc"[label] for label in texts[0])

watch = gateviz.GateWatch(
    model, lines[:1], folder="gates", truth=truth, alphabet=gateviz.Alphabet.from_symbols("abc", blank=0)
)
optimizer = torch.optim.Adam(model.parameters(), 0.02)
for epoch in range(30):
    log_probs = model(lines).log_softmax(-1).transpose(0, 1)
    loss = torch.nn.functional.ctc_loss(log_probs, texts, torch.full((64,), 32), torch.full((64,), 8))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    record = watch(epoch)
print(f"after {epoch + 1} epochs {truth} is read as {record.reading.text}")
gateviz.plot.save(gateviz.plot.training_gates(gateviz.read_watch("gates")), "gates.png")
