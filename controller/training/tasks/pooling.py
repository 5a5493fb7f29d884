"""How a base's token vectors become one: as the base was trained, or as the spec says."""

import json
from typing import Any

from controller.errors import TrainingError
from controller.training.job import TrainJob
from registry.bases import POOLING_CONFIG

SUPPORTED = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
"""sentence-transformers' word → ours."""
_PREFIX = "pooling_mode_"


def pooling_of(job: TrainJob) -> str:
    """The declared pooling; ``auto`` follows how the base was trained.

    The wrong pooling costs 2 to 8 points. A base that says nothing gets the mean: untrained for
    sentences, its first token's vector says less of a text than the mean of all
    (docs/experiments.md).

    Raises:
        TrainingError: The base was trained with a pooling that is not done here.
    """
    wanted = job.training.head.pooling
    declared = job.base.folder / POOLING_CONFIG
    if wanted != "auto":
        return wanted
    if not declared.is_file():
        return "mean"
    modes = modes_in(json.loads(declared.read_text()))
    if len(modes) == 1 and modes[0] in SUPPORTED:
        return SUPPORTED[modes[0]]
    named = " and ".join(mode.removeprefix(_PREFIX) for mode in modes) or "none"
    problem = f"{job.base.model} was trained with the pooling {named}, which is not done here"
    fix = "set training.head.pooling: mean or cls and let the gates judge, or choose another base"
    raise TrainingError(problem, reason="PoolingNotSupported", fix=fix)


def modes_in(config: dict[str, Any]) -> list[str]:
    """The poolings that ``1_Pooling/config.json`` switches on, in its older or newer form."""
    mode = config.get("pooling_mode")
    if mode is not None:
        short = {"cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens"}
        names = [mode] if isinstance(mode, str) else list(mode)
        return [f"{_PREFIX}{short.get(name, name)}" for name in names]
    return [name for name, is_on in config.items() if name.startswith(_PREFIX) and is_on is True]
