"""Load what is measured: a version, or the base that it stands on as it is."""

from pathlib import Path

from controller.errors import EvaluationError
from controller.evaluation.predictors import Predictor


def load_version(task: str, version: Path, base: Path) -> Predictor:
    """Load a version over its base."""
    # Imported by task: each pulls in its own part of the model framework.
    match task:
        case "text-classification":
            from controller.evaluation.classification import ClassificationPredictor  # noqa: PLC0415

            return ClassificationPredictor(version, base)
        case "causal-lm":
            from controller.evaluation.generation import GenerationPredictor  # noqa: PLC0415

            return GenerationPredictor(version, base)
        case _:
            raise EvaluationError(f"versions of task {task!r} cannot be evaluated")


def load_as_it_is(task: str, version: Path, base: Path) -> Predictor:
    """Load the base that a version stands on.

    Raises:
        EvaluationError: The version kept no probe.
    """
    # Imported by task: each pulls in its own part of the model framework.
    if task == "causal-lm":
        from controller.evaluation.generation import GenerationPredictor  # noqa: PLC0415
        from registry.serving.generator import load_base  # noqa: PLC0415

        return GenerationPredictor(version, base, load=load_base)
    from controller.evaluation.classification import ClassificationPredictor  # noqa: PLC0415
    from registry.serving.classifier import START_HEAD_FILE, load_start  # noqa: PLC0415

    if not (version / START_HEAD_FILE).exists():
        raise EvaluationError(
            f"the version kept no {START_HEAD_FILE}, with which its base would answer",
            reason="NoProbeKept",
            fix="train it again (change training.seed), or take the gate against: base away",
        )
    return ClassificationPredictor(version, base, load=load_start)
