"""The network as it learns, and the loss of a batch."""

import torch
from torch import nn

from gateviz.errors import TrainingError
from gateviz.networks.crnn import CRNN
from gateviz.training.batches import Batch
from gateviz.training.layered_crnn import LayeredCRNN
from gateviz.training.loss import BackboneProbe, Loss, NamedClasses, batch_loss, cell_penalty
from gateviz.training.pupil import Pupil
from gateviz.training.settings import TrainSettings


class Learner(nn.Module):
    """What learns: the network, and what helps it in training only.

    A network of gateviz's own is taken apart into its layers where the settings ask for something between them;
    one of another lineage learns as it is.

    Args:
        pupil: whose module learns, in place.
        settings: of the training.

    Raises:
        TrainingError: the backbone of another lineage was to be kept still.
    """

    def __init__(self, pupil: Pupil, settings: TrainSettings) -> None:
        super().__init__()
        self._recognizer = pupil.recognizer
        self._settings = settings
        module = pupil.recognizer.module.requires_grad_(True)
        self.model: nn.Module = module
        self.probe: BackboneProbe | None = None
        if not isinstance(module, CRNN):
            if settings.frozen:
                raise TrainingError(
                    f"a frozen backbone was asked for, and the lineage {self._recognizer.card.lineage} is trained as one "
                    f"piece; leave --frozen out"
                )
            return
        if settings.backbone_weight:
            features = module.head.in_features if module.recurrent is None else module.recurrent.input_size
            self.probe = BackboneProbe(features, module.config.class_count)
        if module.recurrent is not None and (settings.normalized or settings.cell_weight):
            self.model = LayeredCRNN(module, normalized=settings.normalized)

    def loss(self, batch: Batch, *, frozen: bool = False) -> Loss:
        """What is minimized of a batch; the network is put into training mode.

        Args:
            batch: of lines.
            frozen: the backbone of a network of gateviz's own reads as it will be used, and learns nothing.
        """
        self.model.train()
        settings, blank = self._settings, self._recognizer.alphabet.blank
        device = next(self.model.parameters()).device
        pixels = batch.pixels.to(device, non_blocking=True, memory_format=torch.channels_last)
        half = torch.autocast(device.type, torch.bfloat16, enabled=settings.mixed_precision)
        if not isinstance(self.model, CRNN | LayeredCRNN):
            with half:
                log_probs = self._recognizer.log_probs(pixels)
            return batch_loss(log_probs.float(), batch, blank, settings.frame_weight)
        self.model.backbone.train(not frozen)
        with half:
            with torch.set_grad_enabled(not frozen):
                seen = self.model.seen(pixels)
            read = self.model.read(seen)
        labels = batch.classes(blank)
        among = batch.among(labels)
        named = NamedClasses(labels.to(device), int(torch.searchsorted(labels, blank)), settings.mixed_precision)
        loss = batch_loss(named.log_probs(read, self.model.head), among, named.blank, settings.frame_weight)
        if self.probe is not None:
            loss = loss.plus(settings.backbone_weight * self.probe.loss(seen, among.frame_labels.to(device), named))
        if settings.cell_weight and isinstance(self.model, LayeredCRNN) and self.model.has_cells:
            loss = loss.with_cells(cell_penalty(self.model.passes), settings.cell_weight)
        return loss


def as_shipped(module: nn.Module) -> nn.Module:
    """A network as others will use it: what was there for its training only is folded away."""
    return module.plain() if isinstance(module, LayeredCRNN) else module
