"""How many parameters a recipe trains, from the shapes in the base's files. Pure."""

from collections.abc import Sequence

from controller.costs.base_facts import BaseFacts, Layer
from controller.training.methods.targets import adapted_names, rank_of
from specs.training import Training


def trained_parameters(training: Training, base: BaseFacts, *, labels: int, task: str) -> int:
    """Parameters that get gradients; ``labels`` is 0 for a task without a head of its own.

    Raises:
        TrainingError: When ``target_modules`` names no layer of the base.
    """
    head = labels * (base.hidden + 1)
    match training.method:
        case "linear-probe":
            return 0  # fitted in one go, before anything is stepped
        case "full":
            return base.parameters + head
        case "lora" | "qlora":
            return head + sum(
                rank_of(layer.name, training.lora) * sum(layer.shape)
                + (layer.shape[0] if _has_dora(training) else 0)
                for layer in adapted_layers(training, base, task=task)
            )


def adapted_layers(training: Training, base: BaseFacts, *, task: str) -> Sequence[Layer]:
    """The matrices that get an adapter."""
    linear = [layer.name for layer in base.layers]
    names = set(adapted_names(linear, training.lora, task=task))
    return [layer for layer in base.layers if layer.name in names]


def _has_dora(training: Training) -> bool:
    return training.lora.use_dora
