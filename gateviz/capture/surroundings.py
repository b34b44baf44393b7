"""What stands around a call of a recurrent module: checkpoints, backward passes, graphs; where recording fits, and where not."""

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, cast

import torch

from gateviz.capture.calls import RecurrentCall
from gateviz.capture.layer_trace import LayerTrace
from gateviz.capture.stack import Listener, run_call
from gateviz.errors import SelectionError

Result = tuple[torch.Tensor, ...]
Heard = tuple[tuple[LayerTrace, ...], ...]


def run_heard(call: RecurrentCall, listeners: Sequence[Listener]) -> tuple[Result, Heard]:
    """As ``run_call``, wherever the call is made.

    Inside an activation checkpoint that saves nothing (``use_reentrant=False``) PyTorch wants the same tensors saved
    in the forward pass and when it is run again. So the plain function runs there, and the traces, of a run of their
    own without gradients, are constants.

    Raises:
        SelectionError: nothing can be recorded here.
    """
    module = listeners[0].place.module
    require_numbers(call.inputs, module)
    if any(listener.request.edits for listener in listeners):
        require_no_checkpoint(module)
        return run_call(call, listeners)
    if not in_checkpoint():
        return run_call(call, listeners)
    with torch.no_grad(), _same_draws(call):
        _, heard = run_call(call, listeners)
    return plain_result(call), heard


def plain_result(call: RecurrentCall) -> Result:
    """What the plain function returns, of which tracers around this one do not hear again."""
    with torch._C.DisableTorchFunction():
        return call.plain()


def uncompiled() -> AbstractContextManager[object]:
    """A block in which what torch.compile made runs as it is written; it cannot be opened otherwise."""
    # Importing the compiler takes a second or two; where nobody has, nothing is compiled. Torch before 2.6 lacks this,
    # and says at the end of the block that nothing was recorded.
    if "torch._dynamo" not in sys.modules or not hasattr(torch.compiler, "set_stance"):
        return nullcontext()
    stance: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
    return stance


def recomputing() -> bool:
    """True inside a backward pass, where what runs is an activation checkpoint's forward pass once more."""
    return torch._C._current_graph_task_id() != -1


def require_numbers(inputs: torch.Tensor, module: str) -> None:
    """Returns if the tensor holds numbers that can be kept.

    Raises:
        SelectionError: it stands for numbers that are computed later, or elsewhere; names what does so.
    """
    name = module or "the layer"
    if cast(Any, torch.jit).is_tracing() or type(inputs).__name__ in ("FakeTensor", "FunctionalTensor", "Proxy"):
        raise SelectionError(
            f"{name} is being turned into a graph (torch.jit.trace, torch.export), where no numbers are that could be "
            "recorded; do that outside of trace_gates and with a model that is not instrumented (gateviz.restore)"
        )
    if inputs.device.type == "meta":
        raise SelectionError(f"{name} runs on the meta device, which holds no numbers to record; move it to a real one")
    if torch._C._functorch.peek_interpreter_stack() is not None:
        raise SelectionError(
            f"{name} runs inside a transform of torch.func (grad, vmap, jvp), whose numbers end with it; record it "
            "outside of the transform, where torch.autograd.grad gives the gradients"
        )
    if inputs.is_cuda and torch.cuda.is_current_stream_capturing():
        raise SelectionError(
            f"{name} runs while a CUDA graph is captured, which computes nothing yet; record a run outside of the capture"
        )


def require_no_checkpoint(module: str) -> None:
    """Returns if no activation checkpoint is around, which runs everything again in the backward pass, without edits.

    Raises:
        SelectionError: there is one.
    """
    checkpoint: Any = sys.modules.get("torch.utils.checkpoint")
    within = in_checkpoint()
    if checkpoint is not None and not torch.is_grad_enabled():
        forward, frame = checkpoint.CheckpointFunction.forward.__code__, sys._getframe(1)
        within = any(each.f_code is forward for each, _ in traceback.walk_stack(frame))
    if within:
        raise SelectionError(
            f"{module or 'the layer'} is edited inside an activation checkpoint, which the backward pass runs again without "
            "the edits, so gradients would be those of another run; edit without torch.utils.checkpoint"
        )


def in_checkpoint() -> bool:
    """True inside ``torch.utils.checkpoint.checkpoint(..., use_reentrant=False)``, whose hooks count what is saved."""
    # Without the function (torch before 2.5) checkpoints are not seen, and end in PyTorch's own CheckpointError.
    top = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    hooks = top(True) if top is not None and torch.is_grad_enabled() else None
    return hooks is not None and getattr(hooks[0], "__module__", "") == "torch.utils.checkpoint"


@contextmanager
def _same_draws(call: RecurrentCall) -> Iterator[None]:
    """A block after which the generators are where they were, so that the plain run draws the same dropout."""
    if not (call.training and call.dropout > 0):
        yield
        return
    with torch.random.fork_rng([call.inputs.device.index or 0] if call.inputs.is_cuda else []):
        yield
