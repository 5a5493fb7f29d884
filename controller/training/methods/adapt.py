"""What each method trains of a base, and what it saves of it. All tasks come through here.

``linear-probe`` and ``full`` need nothing put into the base; ``lora`` and ``qlora`` put an adapter
into it, the latter into a base that is held in 4 or 8 bits.
"""

from pathlib import Path

from torch import nn

from controller.training.job import TrainJob
from controller.training.weights import save_weights, without_tied
from specs.digest import METHODS_WITH_ADAPTERS

WEIGHTS_FILE = "model.safetensors"


def adapt(model: nn.Module, job: TrainJob, *, task_type: str) -> nn.Module:
    """Make the base ``model`` into what the job's method trains; PEFT calls its task ``task_type``.

    Raises:
        TrainingError: When a module that the spec names does not exist in the base.
    """
    if job.training.method in METHODS_WITH_ADAPTERS:
        from controller.training.methods.adapters import add_lora  # noqa: PLC0415  (peft takes 2 s)

        _without_dropout(model)
        model = add_lora(model, job, task_type=task_type)
    if job.training.arguments.activation_checkpointing:
        # Not reentrant: so the inputs of the first block need no gradients of their own.
        plain = model.get_base_model() if hasattr(model, "get_base_model") else model
        plain.activation_checkpointing_enable({"use_reentrant": False})
    return model


def save_trained(model: nn.Module, job: TrainJob, output: Path) -> None:
    """Write what was trained of ``model``: its adapter, all its weights, or nothing."""
    match job.training.method:
        case "lora" | "qlora":
            from controller.training.methods.adapters import save_adapter  # noqa: PLC0415

            save_adapter(model, job.base, output)
        case "full":
            save_weights(without_tied(model), output / WEIGHTS_FILE)
            model.config.save_pretrained(output)
        case "linear-probe":
            pass


def _without_dropout(base: nn.Module) -> None:
    # A frozen base cannot overfit. Its dropout cost a quarter of the CPU time of a step and gave
    # nothing (docs/experiments.md); the adapter has its own, ``lora_dropout``.
    for module in base.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
