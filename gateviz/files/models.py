"""Which model reads where nobody named one."""

from pathlib import Path

from gateviz.errors import CheckpointError

BUNDLED = Path(__file__).parents[1] / "assets" / "bundled.safetensors"


def default_model() -> Path:
    """The model that comes with gateviz (docs/bundled-model.md).

    Raises:
        CheckpointError: it is not there: an installation without its data.
    """
    if not BUNDLED.is_file():
        raise CheckpointError(
            f"the model that comes with gateviz is missing ({BUNDLED}); install gateviz again, or name a checkpoint (--model)"
        )
    return BUNDLED
